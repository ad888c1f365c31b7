using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Keys.Bundles;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Protection;

/// <summary>Names of labels that config.json says beside a graph without an export.json.</summary>
public sealed class LabelNamesTests(ExportedModels models) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("""{"0": "sky", "1": "sea", "2": "land"}""", null, "sky sea land", null)]
    [InlineData("""{"0": "sky", "1": "sea", "2": "land"}""", "multi_label_classification", "sky sea land", "sigmoid")]
    [InlineData("""{"0": "sky", "1": "sea", "2": "land"}""", "regression", "sky sea land", "none")]
    [InlineData("""{"0": "LABEL_0", "1": "LABEL_1"}""", null, null, null)] // what any model's file may have
    public async Task Protect_OfAClassifierFromPixelsOn_KeepsThem(
        string labels, string? kind, string? names, string? scores)
    {
        var exported = await models.ExportAsync(Source(), TensorDtype.Float32, randomSeed: 1);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(exported, "config.json")))!;
        config["id2label"] = JsonNode.Parse(labels);
        config["problem_type"] = kind;
        File.WriteAllText(Path.Combine(exported, "config.json"), config.ToJsonString());
        var package = Directory.CreateDirectory(_folder.At("package")).FullName;

        PackageProtector.Protect(exported, package, new ProtectionOptions(), new SeededRandom(1));

        var bundle = JsonSerializer.Deserialize<JsonObject>(
            File.ReadAllBytes(Path.Combine(package, "client", BundleManifest.FileName)))!;
        Assert.Equal(names, bundle["labels"] is JsonArray said ? string.Join(' ', said) : null);
        Assert.Equal(scores, (string?)bundle["label_scores"]);
    }

    [Theory]
    [InlineData("regression", "none")]
    [InlineData("multi_label_classification", "sigmoid")]
    [InlineData("single_label_classification", null)]
    public async Task Export_OfAClassifierOfTexts_SaysHowLogitsBecomeScores(string kind, string? scores)
    {
        File.WriteAllText(_folder.At("config.json"), $$"""
            {"architectures": ["BertForSequenceClassification"], "hidden_size": 32, "intermediate_size": 48,
             "num_hidden_layers": 1, "num_attention_heads": 4, "vocab_size": 37, "max_position_embeddings": 16,
             "id2label": {"0": "price", "1": "weight"}, "problem_type": "{{kind}}"}
            """);

        var exported = await models.ExportAsync(_folder.Path, TensorDtype.Float32, randomSeed: 1);

        Assert.Equal(scores, ExportFolder.ReadManifest(exported).LabelScores);
    }

    [Theory]
    [InlineData("BertForTokenClassification", "")]
    [InlineData("ModernBertForTokenClassification", "")]
    [InlineData("LlamaForTokenClassification", "")]
    [InlineData("LlamaForTokenClassification", """, "problem_type": "regression" """)]
    public async Task Export_OfATokenClassifier_KeepsTheNamesOfItsLabels(string architecture, string more)
    {
        File.WriteAllText(_folder.At("config.json"), $$"""
            {"architectures": ["{{architecture}}"], "hidden_size": 32, "intermediate_size": 48,
             "num_hidden_layers": 1, "num_attention_heads": 4, "vocab_size": 37, "max_position_embeddings": 16,
             "rms_norm_eps": 1e-5, "id2label": {"0": "O", "1": "B-PER", "2": "I-PER"}{{more}}}
            """);

        var exported = await models.ExportAsync(_folder.Path, TensorDtype.Float32, randomSeed: 1);

        var manifest = ExportFolder.ReadManifest(exported);
        Assert.Equal(["O", "B-PER", "I-PER"], manifest.Labels!);
        Assert.Null(manifest.LabelScores);
    }

    public void Dispose() => _folder.Dispose();

    private string Source()
    {
        var folder = Directory.CreateDirectory(_folder.At("source")).FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), """
            {"architectures": ["SegformerForImageClassification"], "num_encoder_blocks": 2, "depths": [1, 1],
             "sr_ratios": [2, 1], "hidden_sizes": [12, 24], "patch_sizes": [7, 3], "strides": [4, 2],
             "num_attention_heads": [2, 3], "mlp_ratios": [2, 2], "id2label": {"0": "a", "1": "b", "2": "c"}}
            """);
        return folder;
    }
}
