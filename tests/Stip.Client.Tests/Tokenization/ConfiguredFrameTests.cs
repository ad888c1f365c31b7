using Stip.Client.Tokenization;
using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization;

/// <summary>What transformers adds to a text by flags of tokenizer_config.json, whatever tokenizer.json has.</summary>
public sealed class ConfiguredFrameTests
{
    private const string Ends = """
        {"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},
        {"SpecialToken":{"id":"</s>","type_id":0}}],"special_tokens":{"</s>":{"id":"</s>","ids":[1],"tokens":["</s>"]}}}
        """;

    [Theory]
    [InlineData("LlamaTokenizerFast", "\"add_bos_token\":true,\"add_eos_token\":false", "null", "0 2")] // DeepSeek
    [InlineData("CohereTokenizer", "\"add_bos_token\":true,\"add_eos_token\":false", Ends, "0 2")] // Command R+
    [InlineData("LlamaTokenizer", "\"add_eos_token\":true", "null", "0 2 1")]
    [InlineData("GemmaTokenizer", "\"add_bos_token\":false", Ends, "2")]
    [InlineData("LlamaTokenizer", "\"legacy\":true", Ends, "2 1")]
    [InlineData("PreTrainedTokenizerFast", "\"add_bos_token\":true", "null", "2")]
    public void Encode_FlagsOfTheSettings_GoBeforeTheFilesFrame(
        string kind, string flags, string postProcessor, string wanted)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.At("tokenizer.json"),
            $$"""
            {"model":{"type":"BPE","vocab":{"<s>":0,"</s>":1,"a":2},"merges":[]},
            "added_tokens":[{"id":0,"content":"<s>","special":true},{"id":1,"content":"</s>","special":true}],
            "post_processor":{{postProcessor}}}
            """);
        File.WriteAllText(
            folder.At("tokenizer_config.json"),
            $$"""{"tokenizer_class":"{{kind}}","bos_token":{"content":"<s>"},"eos_token":"</s>",{{flags}}}""");

        var tokenizer = TextTokenizer.FromFolder(folder.Path);

        Assert.Equal(wanted, string.Join(' ', tokenizer.Encode("a", addSpecialTokens: true)));
        Assert.Equal([2], tokenizer.Encode("a"));
    }
}
