using System.Text.Json.Nodes;
using Stip.Client.Tokenization;
using Stip.Keys.Bundles;
using Stip.Onnx;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints;

/// <summary>What the files of a sentence-transformers folder say of its texts.</summary>
public sealed class SentenceFolderTests(ExportedModels models) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("sentence_bert_config.json", """{"max_seq_length": 16}""", 16)]
    [InlineData("sentence_xlm-roberta_config.json", """{"max_seq_length": 16}""", 16)]
    [InlineData("sentence_bert_config.json", """{"max_seq_length": null}""", 24)]
    [InlineData("README.md", "{}", 24)]
    public async Task Export_OfAFolder_CutsTextsAsItsFilesSay(string file, string content, int most)
    {
        Write("tokenizer_config.json", """{"model_max_length": 24}""");
        Write(file, content);

        Assert.Equal(most, (await ExportAsync()).ContextLength);
    }

    [Fact]
    public async Task Export_OfATokenizerWithoutALimit_TakesTheModels()
    {
        Write("tokenizer_config.json", """{"model_max_length": 1000000000000000019884624838656}""");

        Assert.Equal(32, (await ExportAsync()).ContextLength);
    }

    [Theory]
    [InlineData("""{"prompts": {"query": "q: ", "document": ""}, "default_prompt_name": "query"}""", "q: ")]
    [InlineData("""{"prompts": {"query": "q: ", "document": ""}, "default_prompt_name": "document"}""", null)]
    [InlineData("""{"prompts": {"query": "q: "}, "default_prompt_name": null}""", null)]
    public async Task Protect_OfAFolderWithAPrompt_GivesItToTheClient(string prompts, string? expected)
    {
        Write("config_sentence_transformers.json", prompts);
        var exported = await FolderAsync();
        var package = Directory.CreateDirectory(_folder.At("package")).FullName;
        PackageProtector.Protect(exported, package, new ProtectionOptions(), new SeededRandom(1));

        Assert.Equal(expected, ExportFolder.ReadManifest(exported).Prompt);
        Assert.Equal(
            expected,
            (string?)JsonNode.Parse(File.ReadAllBytes(
                Path.Combine(package, "client", BundleManifest.FileName)))!["prompt"]);
    }

    // A text for a search stands behind another one than those that are searched.
    [Theory]
    [InlineData("""{"prompts": {"query": "q: ", "document": ""}}""", "{}", """{"query":"q: ","document":""}""")]
    [InlineData("""{"prompts": {"query": "q: "}}""", """{"include_prompt": false}""", null)]
    [InlineData("""{"prompts": {}}""", "{}", null)]
    public async Task Protect_OfAFolderWithPrompts_GivesThemToTheClient(
        string prompts, string pooling, string? expected)
    {
        Write("config_sentence_transformers.json", prompts);
        var exported = await FolderAsync(pooling);
        var package = Directory.CreateDirectory(_folder.At("package")).FullName;
        PackageProtector.Protect(exported, package, new ProtectionOptions(), new SeededRandom(1));

        Assert.Equal(
            expected,
            JsonNode.Parse(File.ReadAllBytes(
                Path.Combine(package, "client", BundleManifest.FileName)))!["prompts"]?.ToJsonString());
    }

    [Theory]
    [InlineData("""{"prompts": {"query": "q: "}, "default_prompt_name": "other"}""", "{}",
        "default_prompt_name is 'other', which is none of its prompts")]
    [InlineData("""{"prompts": {"query": "q: "}, "default_prompt_name": "query"}""", """{"include_prompt": false}""",
        "include_prompt is false; it must be true")]
    public async Task Export_OfAPromptThatCannotBe_IsRefused(string prompts, string pooling, string reason)
    {
        Write("config_sentence_transformers.json", prompts);

        var error = await Assert.ThrowsAsync<RefusedException>(() => FolderAsync(pooling));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("true", "a a")]
    [InlineData("false", "a A")]
    public async Task Export_OfAFolderThatLowers_GivesATokenizerThatDoes(string lowers, string expected)
    {
        Write("sentence_bert_config.json", $$"""{"do_lower_case": {{lowers}}}""");
        Write("tokenizer.json", """
            {"model": {"type": "WordPiece", "vocab": {"a": 0, "A": 1, "?": 2}, "unk_token": "?",
             "continuing_subword_prefix": "##", "max_input_chars_per_word": 100},
             "pre_tokenizer": {"type": "BertPreTokenizer"}, "normalizer": null, "added_tokens": []}
            """);
        var tokenizer = TextTokenizer.FromFolder(await FolderAsync());

        Assert.Equal(expected, string.Join(' ', tokenizer.Encode("a A").Select(id => id == 0 ? "a" : "A")));
    }

    public void Dispose() => _folder.Dispose();

    private async Task<ExportManifest> ExportAsync() => ExportFolder.ReadManifest(await FolderAsync());

    private Task<string> FolderAsync(string pooling = "{}")
    {
        var pools = JsonNode.Parse(pooling)!.AsObject();
        pools["pooling_mode"] = "mean";
        Write("1_Pooling/config.json", pools.ToJsonString());
        Write("modules.json", """
            [{"path": "", "type": "sentence_transformers.models.Transformer"},
             {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
            """);
        Write("config.json", """
            {"architectures": ["BertModel"], "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 1,
             "num_attention_heads": 3, "vocab_size": 37, "max_position_embeddings": 32}
            """);
        return models.ExportAsync(_folder.At("source"), TensorDtype.Float32, randomSeed: 1);
    }

    private void Write(string name, string content)
    {
        var path = Path.Combine(_folder.At("source"), name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
