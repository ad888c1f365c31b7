using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

public sealed class MobileBertTests(ExportedModels models) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Export_WhereAttentionIsNarrow_LeavesTheSharedBottleneckOut()
    {
        // transformers asks for use_bottleneck_attention first: what key_query_shared_bottleneck stores is not read.
        var expected = await ExportAsync("narrow", sharesQueryAndKey: false);

        var actual = await ExportAsync("both", sharesQueryAndKey: true);

        Assert.All(Directory.GetFiles(expected, "*.onnx*"), file => Assert.Equal(
            File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(actual, Path.GetFileName(file)))));
    }

    public void Dispose() => _folder.Dispose();

    private Task<string> ExportAsync(string name, bool sharesQueryAndKey)
    {
        var recipe = JsonSerializer.Deserialize<JsonArray>(File.ReadAllBytes(
            RepositoryRoot.At("tests", "data", "architectures", "encoders.json")))!
            .First(recipe => $"{recipe!["name"]}" == "mobilebert")!;
        var (config, tensors) = (recipe["config"]!, recipe["tensors"]!.AsObject());
        config["use_bottleneck_attention"] = true;
        config["key_query_shared_bottleneck"] = sharesQueryAndKey;
        foreach (var tensor in tensors.Select(tensor => tensor.Key).ToList())
        {
            if (!sharesQueryAndKey && tensor.Contains("bottleneck.attention", StringComparison.Ordinal))
            {
                tensors.Remove(tensor);
            }
            else if (tensor.EndsWith("value.weight", StringComparison.Ordinal))
            {
                tensors[tensor]![3] = 12L;
            }
        }

        var folder = Directory.CreateDirectory(_folder.At(name)).FullName;
        DrawnWeights.WriteCheckpoint(folder, config, tensors);
        return models.ExportAsync(folder, TensorDtype.Float32);
    }
}
