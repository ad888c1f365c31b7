using System.Text;
using Stip.Export.Architectures;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Tests.Architectures;

public sealed class SupportedArchitecturesTests
{
    [Theory]
    [InlineData("Qwen3NextForCausalLM", "carry a state from row to row")]
    [InlineData("Gemma3nForConditionalGeneration", "look tokens up")]
    [InlineData("JetMoeForCausalLM", "experts of their own")]
    [InlineData("BertLMHeadModel", "an encoder that writes with a mask")]
    [InlineData("MBartForCausalLM", "the decoder of a pair")]
    [InlineData("MusicgenForCausalLM", "codes of sound")]
    [InlineData("PaliGemmaForConditionalGeneration", "prompt see those after them")]
    [InlineData("TransfoXLLMHeadModel", "positions are distances")]
    [InlineData("GlmMoeDsaForCausalLM", "keys that the layer picks")]
    [InlineData("LongcatFlashForCausalLM", "give a row back as it came")]
    [InlineData("Gemma4ForConditionalGeneration", "heads of two sizes")]
    [InlineData("TapasForQuestionAnswering", "places in a table")]
    [InlineData("FunnelModel", "halve the rows")]
    [InlineData("Wav2Vec2ConformerForCTC", "waves of distances")]
    [InlineData("SwitchTransformersForConditionalGeneration", "bounded number of tokens")]
    [InlineData("ConvBertForMultipleChoice", "padding included")]
    [InlineData("HieraForImageClassification", "units of patches")]
    [InlineData("MobileViTV2ForImageClassification", "one weighted sum")]
    [InlineData("FocalNetForImageClassification", "neighbours of several sizes")]
    [InlineData("BitForImageClassification", "groups of channels")]
    [InlineData("UperNetForSemanticSegmentation", "grids of several sizes")]
    [InlineData("ConditionalDetrForObjectDetection", "a point of the picture")]
    [InlineData("LLaDAModelLM", "does not write from left to right")]
    public void Of_AFamilyThatCannotBe_SaysWhy(string name, string reason) => Assert.Contains(
        reason, Assert.Throws<RefusedException>(() => Of(name)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("RWForCausalLM")]
    [InlineData("StableLMEpochForCausalLM")]
    [InlineData("InternVLChatModel")]
    public void Of_AnOlderName_IsKnown(string name) => Assert.Equal(name, Of(name).Name);

    // sentence-transformers loads the model without its head, whatever head the folder names.
    [Theory]
    [InlineData("MPNetForMaskedLM", "MPNetModel")]
    [InlineData("RobertaForMaskedLM", "RobertaModel")]
    [InlineData("BertForPreTraining", "BertModel")]
    [InlineData("BertForNextSentencePrediction", "BertModel")]
    [InlineData("BertLMHeadModel", "BertModel")]
    [InlineData("XLMRobertaForSequenceClassification", "XLMRobertaModel")]
    [InlineData("ElectraForPreTraining", "ElectraModel")]
    [InlineData("XLMWithLMHeadModel", "XLMModel")]
    [InlineData("FlaubertWithLMHeadModel", "FlaubertModel")]
    [InlineData("XLNetLMHeadModel", "XLNetModel")]
    [InlineData("NeoBERTLMHead", "NeoBERT")]
    [InlineData("T5ForTokenClassification", "T5EncoderModel")]
    [InlineData("T5ForConditionalGeneration", "T5EncoderModel")]
    [InlineData("LlamaForCausalLM", "LlamaModel")]
    [InlineData("Gemma3ForCausalLM", "Gemma3TextModel")]
    [InlineData("BertModel", "BertModel")]
    public void Of_AFolderThatEmbeds_IsTheModelWithoutItsHead(string name, string expected) =>
        Assert.Equal(expected, Of(name, embedsTexts: true).Name);

    private static IArchitecture Of(string name, bool embedsTexts = false) => SupportedArchitectures.Of(
        ConfigJson.Parse("config.json", Encoding.UTF8.GetBytes($$"""{"architectures": ["{{name}}"]}""")), embedsTexts);
}
