using Stip.Client.Tokenization;
using Stip.Onnx;
using Stip.Onnx.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints;

/// <summary>Rerankers as sentence-transformers saves them: one module, a classifier of pairs of texts.</summary>
public sealed class RerankerFolderTests(ExportedModels models) : IDisposable
{
    private const string Task = """{"transformer_task": "sequence-classification", "max_seq_length": 16}""";
    private const string Identity = "torch.nn.modules.linear.Identity";
    private const string Sigmoid = "torch.nn.modules.activation.Sigmoid";

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(Task, "{}")]
    [InlineData("""{"max_seq_length": 16}""", """{"model_type": "CrossEncoder"}""")]
    public async Task Export_OfAReranker_IsItsClassifier(string texts, string settings)
    {
        Write("sentence_bert_config.json", texts);
        Write("config_sentence_transformers.json", settings);

        var manifest = ExportFolder.ReadManifest(await ExportAsync());

        Assert.Equal("BertForSequenceClassification", manifest.Architecture);
        Assert.Equal("logits", Assert.Single(manifest.Graphs["encoder"].Outputs).Name);
        Assert.Equal((16, null, null), (manifest.ContextLength, manifest.Pooling, manifest.Normalize));
    }

    // Without a function the one number is squashed; what names it has changed twice.
    [Theory]
    [InlineData("", "", "sigmoid")]
    [InlineData($""", "activation_fn": "{Sigmoid}" """, "", "sigmoid")]
    [InlineData($""", "activation_fn": "{Identity}" """, "", "none")]
    [InlineData("", $""", "sentence_transformers": {"{"}"activation_fn": "{Identity}"{"}"} """, "none")]
    [InlineData("", $""", "sbert_ce_default_activation_function": "{Identity}" """, "none")]
    public async Task Export_OfAReranker_SaysWhatItsNumberIs(string settings, string config, string scores)
    {
        Write("config_sentence_transformers.json", $$"""{"model_type": "CrossEncoder"{{settings}}}""");

        Assert.Equal(scores, ExportFolder.ReadManifest(await ExportAsync(config)).LabelScores);
    }

    [Fact]
    public async Task Export_OfAReranker_LowersTextsAsItSays()
    {
        Write("sentence_bert_config.json", """
            {"transformer_task": "sequence-classification", "do_lower_case": true}
            """);
        Write("tokenizer.json", """
            {"model": {"type": "WordPiece", "vocab": {"a": 0, "A": 1, "?": 2}, "unk_token": "?",
             "continuing_subword_prefix": "##", "max_input_chars_per_word": 100},
             "pre_tokenizer": {"type": "BertPreTokenizer"}, "normalizer": null, "added_tokens": []}
            """);

        var tokenizer = TextTokenizer.FromFolder(await ExportAsync());

        Assert.Equal([0, 0], tokenizer.Encode("a A"));
    }

    [Theory]
    [InlineData("{}", "{}", "lists Transformer; supported are")]
    [InlineData(
        Task, """{"prompts": {"query": "q: "}, "default_prompt_name": "query"}""",
        "default_prompt_name names 'q: '; pairs of texts are exported without a prompt")]
    public async Task Export_OfWhatIsNone_IsRefused(string texts, string settings, string reason)
    {
        Write("sentence_bert_config.json", texts);
        Write("config_sentence_transformers.json", settings);

        Assert.Contains(
            reason,
            (await Assert.ThrowsAsync<RefusedException>(() => ExportAsync())).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private Task<string> ExportAsync(string more = "")
    {
        Write("modules.json", """
            [{"path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"}]
            """);
        Write("config.json", $$"""
            {"architectures": ["BertForSequenceClassification"], "hidden_size": 24, "intermediate_size": 40,
             "num_hidden_layers": 1, "num_attention_heads": 3, "vocab_size": 37, "max_position_embeddings": 32,
             "id2label": {"0": "LABEL_0"}{{more}}}
            """);
        return models.ExportAsync(_folder.At("source"), TensorDtype.Float32, randomSeed: 1);
    }

    private void Write(string name, string content)
    {
        Directory.CreateDirectory(_folder.At("source"));
        File.WriteAllText(Path.Combine(_folder.At("source"), name), content);
    }
}
