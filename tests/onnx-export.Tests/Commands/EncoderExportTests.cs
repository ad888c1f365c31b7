using System.Text.Json.Nodes;
using Stip.Onnx.Packages;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

/// <summary>What <c>export</c> writes of encoders, and what of them it refuses.</summary>
public sealed class EncoderExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Output => _folder.At("out");

    [Fact]
    public void Export_OfASentenceFolder_KeepsItsSettings()
    {
        var (exitCode, _, error) = Export(KnownCheckpoints.Folder("stories-sentence"), "--random-weights", "1");

        Assert.Equal((0, ""), (exitCode, error));
        var manifest = ExportFolder.ReadManifest(Output);
        Assert.Equal(("encoder", "mean", true, 64), (
            manifest.Kind, manifest.Pooling, manifest.Normalize, manifest.ContextLength));
        Assert.Equal(
            ["token_embedding", "position_embedding", "token_type_embedding"], manifest.Embedding.Tensors);
        Assert.Equal("last_hidden_state", Assert.Single(manifest.Graphs["encoder"].Outputs).Name);
    }

    [Theory]
    [InlineData("pooling_mode_cls_token", "cls")]
    [InlineData("pooling_mode_max_tokens", "max")]
    [InlineData("pooling_mode_lasttoken", "lasttoken")]
    public void Export_OfAnotherPooling_NamesIt(string flag, string pooling)
    {
        Assert.Equal(0, Export(Sentence(config =>
        {
            config["pooling_mode_mean_tokens"] = false;
            config[flag] = true;
        })).ExitCode);

        Assert.Equal(pooling, ExportFolder.ReadManifest(Output).Pooling);
    }

    [Fact]
    public void Export_OfTwoPoolings_IsRefused() => AssertRefused(
        "the pooling is not one of mean, cls, max and lasttoken alone",
        Export(Sentence(config => config["pooling_mode_cls_token"] = true)));

    [Theory]
    [InlineData("LlamaForCausalLM")]
    [InlineData("Qwen3Model")]
    public void Export_OfADecoderThatEmbeds_GivesRowsOfWholeTexts(string architecture)
    {
        var (exitCode, _, error) = Export(EmbeddingDecoder(
            config => config["architectures"] = new JsonArray(architecture)));

        Assert.Equal((0, ""), (exitCode, error));
        var manifest = ExportFolder.ReadManifest(Output);
        Assert.Equal(("encoder", "lasttoken", true, "float32"), (
            manifest.Kind, manifest.Pooling, manifest.Normalize, manifest.WireDtype));
        var graph = manifest.Graphs["encoder"];
        Assert.Equal(["inputs_embeds", "attention_mask"], graph.Inputs.Select(input => input.Name));
        Assert.Equal("last_hidden_state", Assert.Single(graph.Outputs).Name);
        Assert.Null(graph.Cache);
    }

    [Fact]
    public void Export_OfADecoderThatEmbedsAndIsNotKnownAsSuch_IsRefused() => AssertRefused(
        "architecture 'OrionModel' is not supported",
        Export(EmbeddingDecoder(config => config["architectures"] = new JsonArray("OrionForCausalLM"))));

    [Theory]
    [InlineData("T5ForConditionalGeneration")]
    [InlineData("T5WithLMHeadModel")]
    public void Export_OfASentenceFolderThatNamesT5_GivesTheEncoder(string architecture)
    {
        var (exitCode, _, error) = Export(EmbeddingT5(architecture));

        AssertExported(exitCode, error);
        var manifest = ExportFolder.ReadManifest(Output);
        Assert.Equal(("encoder", "T5EncoderModel", "lasttoken", true), (
            manifest.Kind, manifest.Architecture, manifest.Pooling, manifest.Normalize));
    }

    [Fact]
    public void Export_OfASentenceFolderOfAnEncoderAndADecoder_IsRefused() => AssertRefused(
        "'BartForConditionalGeneration' becomes an encoder and a decoder, which do not embed texts",
        Export(EmbeddingT5("BartForConditionalGeneration")));

    [Fact]
    public void Export_OfAnUnknownModule_IsRefused()
    {
        var source = Sentence(_ => { });
        var path = Path.Combine(source, "modules.json");
        File.WriteAllText(
            path, File.ReadAllText(path).Replace("Normalize\"", "WordWeights\"", StringComparison.Ordinal));

        AssertRefused("lists Transformer, Pooling, WordWeights", Export(source));
    }

    [Fact]
    public void Export_OfALinkThatLeavesTheFolder_IsRefused()
    {
        var source = Sentence(_ => { });
        Directory.Move(Path.Combine(source, "1_Pooling"), _folder.At("elsewhere"));
        Directory.CreateSymbolicLink(Path.Combine(source, "1_Pooling"), _folder.At("elsewhere"));

        AssertRefused("'1_Pooling' is not a folder inside the checkpoint", Export(source));
    }

    [Fact]
    public void Export_OfAnImageModel_LeavesPatchesToTheClient()
    {
        Assert.Equal(0, Export(KnownCheckpoints.Folder("digits-vit")).ExitCode);

        var manifest = ExportFolder.ReadManifest(Output);
        Assert.Equal(("image", 10), (manifest.Kind, manifest.Labels!.Count));
        Assert.Equal(["vision"], manifest.Graphs.Keys);
        Assert.Equal("pixel_values", Assert.Single(manifest.ClientGraphs!["vision"].Inputs).Name);
        Assert.False(File.Exists(Path.Combine(Output, "embedding.safetensors")));
    }

    [Fact]
    public void Export_OfLlavaUnderCurrentNames_EqualsThatUnderPublishedOnes()
    {
        Assert.Equal(0, Export(KnownCheckpoints.Folder("digits-llava")).ExitCode);
        var published = Directory.GetFiles(Output, "*.data").Order().Select(File.ReadAllBytes).ToList();
        Directory.Delete(Output, recursive: true);
        var current = Copy("digits-llava", "config.json");
        ShardedCheckpoint.Rewrite(
            Path.Combine(KnownCheckpoints.Folder("digits-llava"), "model.safetensors"),
            Path.Combine(current, "model.safetensors"),
            name => name.StartsWith("language_model.model.", StringComparison.Ordinal)
                ? name.Replace("language_model.model.", "model.language_model.", StringComparison.Ordinal)
                : name.StartsWith("language_model.", StringComparison.Ordinal)
                    ? name["language_model.".Length..]
                    : $"model.{name}");

        Assert.Equal(0, Export(current).ExitCode);

        Assert.Equal(published, Directory.GetFiles(Output, "*.data").Order().Select(File.ReadAllBytes));
    }

    [Theory]
    [InlineData("vision_feature_layer", 9, "vision_feature_layer is 9; the tower has -6..5")]
    [InlineData("vision_feature_select_strategy", "some", "is 'some'; it must be 'default' or 'full'")]
    [InlineData("image_token_index", 5000, "image_token_index is 5000; the vocabulary has 0..2047")]
    public void Export_OfALlavaThatCannotBe_IsRefused(string field, object value, string expected)
    {
        var source = Copy("digits-llava", "config.json");
        Edit(Path.Combine(source, "config.json"), config => config[field] = JsonValue.Create(value));

        AssertRefused(expected, Export(source, "--random-weights", "1"));
    }

    [Theory]
    [InlineData("RobertaModel", "roberta", "last_hidden_state")]
    [InlineData("RobertaForSequenceClassification", "roberta", "logits")]
    [InlineData("BertForMaskedLM", "bert", "logits")]
    [InlineData("ViTModel", "vit", "last_hidden_state")]
    [InlineData("CLIPVisionModelWithProjection", "clip_vision_model", "image_embeds")]
    public void Export_OfEachHead_HasItsOutput(string architecture, string modelType, string output)
    {
        var isText = !modelType.Contains('v', StringComparison.Ordinal);
        var source = Copy(isText ? "stories-bert" : "digits-vit", "config.json");
        Edit(Path.Combine(source, "config.json"), config =>
        {
            (config["architectures"], config["model_type"]) = (new JsonArray(architecture), modelType);
            config["pad_token_id"] = 1;
        });

        var (exitCode, _, error) = Export(source, "--random-weights", "1");

        AssertExported(exitCode, error);
        var manifest = ExportFolder.ReadManifest(Output);
        Assert.Equal(output, Assert.Single(manifest.Graphs.Values).Outputs[0].Name);

        // RoBERTa keeps the first rows of its table of positions for padding.
        Assert.True(!isText || manifest.ContextLength == (modelType == "roberta" ? 254 : 256));
    }

    // Made of the file of another family, whose other fields are named.
    private static void AssertExported(int exitCode, string error)
    {
        Assert.Equal(0, exitCode);
        Assert.All(error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.StartsWith(
            "warning: config.json has fields that nothing of this model asks for", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Protect_OneTokenType_IsVerifiedWithIt()
    {
        var source = Copy("stories-bert", "config.json");
        Edit(Path.Combine(source, "config.json"), config =>
        {
            (config["architectures"], config["model_type"]) = (new JsonArray("RobertaModel"), "roberta");
            (config["pad_token_id"], config["type_vocab_size"], config["num_hidden_layers"]) = (1, 1, 1);
        });
        Assert.Equal(0, Export(source).ExitCode);

        var (exitCode, _, error) = CommandLine.Run(
            ["protect", "--model", Output, "--output", _folder.At("private")]);

        Assert.Equal((0, ""), (exitCode, error));
    }

    public void Dispose() => _folder.Dispose();

    private (int ExitCode, string Output, string Error) Export(string source, params string[] options)
    {
        string[] random = File.Exists(Path.Combine(source, "model.safetensors")) || options.Length > 0
            ? []
            : ["--random-weights", "1"];
        return CommandLine.Run(["export", "--checkpoint", source, "--output", Output, .. options, .. random]);
    }

    private void AssertRefused(string expected, (int ExitCode, string Output, string Error) run)
    {
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output));
    }

    private string EmbeddingDecoder(Action<JsonNode> edit)
    {
        Copy("stories", "config.json");
        var source = Copy("stories-sentence", "modules.json", "1_Pooling/config.json");
        Edit(Path.Combine(source, "config.json"), edit);
        Edit(Path.Combine(source, "1_Pooling", "config.json"), config =>
            (config["pooling_mode_mean_tokens"], config["pooling_mode_lasttoken"]) = (false, true));
        return source;
    }

    // Its fields are those of BART too.
    private string EmbeddingT5(string architecture)
    {
        var source = EmbeddingDecoder(_ => { });
        File.WriteAllText(Path.Combine(source, "config.json"), $$"""
            {
              "architectures": ["{{architecture}}"], "vocab_size": 32, "d_model": 16, "d_ff": 24, "d_kv": 8,
              "num_layers": 1, "num_heads": 2, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 24,
              "decoder_ffn_dim": 24, "encoder_attention_heads": 2, "decoder_attention_heads": 2
            }
            """);
        return source;
    }

    private string Sentence(Action<JsonNode> edit)
    {
        var source = Copy(
            "stories-sentence", "config.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json");
        Edit(Path.Combine(source, "1_Pooling", "config.json"), edit);
        return source;
    }

    private string Copy(string name, params string[] files)
    {
        var target = Directory.CreateDirectory(_folder.At("source")).FullName;
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(target, file))!);
            File.Copy(Path.Combine(KnownCheckpoints.Folder(name), file), Path.Combine(target, file));
        }

        return target;
    }

    private static void Edit(string path, Action<JsonNode> edit)
    {
        var config = JsonNode.Parse(File.ReadAllText(path))!;
        edit(config);
        File.WriteAllText(path, config.ToJsonString());
    }
}
