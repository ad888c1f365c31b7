using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Keys.Bundles;
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
