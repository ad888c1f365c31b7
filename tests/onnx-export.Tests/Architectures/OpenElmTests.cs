using Stip.Onnx;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>How wide OpenELM's feed-forward parts are.</summary>
public sealed class OpenElmTests(ExportedModels models) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // 0.5, 1.25 and 2 times 32, to the next multiple of 16.
    [Theory]
    [InlineData("[0.5, 2.0]")]
    [InlineData("[0.5, 1.25, 2.0]")]
    public async Task Export_OfMultipliers_HasTheirWidths(string multipliers)
    {
        var folder = await ExportAsync(multipliers);

        var graph = ModelProto.Parser.ParseFrom(await File.ReadAllBytesAsync(
            Path.Combine(folder, "model.onnx"), TestContext.Current.CancellationToken)).Graph;
        Assert.Equal([16L, 48, 64], graph.Initializer
            .Where(tensor => tensor.Name.Contains("mlp.down", StringComparison.Ordinal))
            .Select(tensor => tensor.Dims[0]));
    }

    [Theory]
    [InlineData("[]", 0)]
    [InlineData("[0.5]", 1)]
    [InlineData("[0.5, 1.0, 1.5, 2.0]", 4)]
    public async Task Export_OfAnotherNumberOfMultipliers_IsRefused(string multipliers, int count) => Assert.Contains(
        $"config.json: ffn_multipliers has {count} numbers; it must have one for each of 3 layers, or 2",
        (await Assert.ThrowsAsync<RefusedException>(() => ExportAsync(multipliers))).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task Export_OfMultipliersBeyondAnyWidth_IsRefused() => Assert.Contains(
        "config.json: ffn_multipliers makes a width of 32000000000; it must be 1..1073741824",
        (await Assert.ThrowsAsync<RefusedException>(() => ExportAsync("[1e9, 1e9]"))).Message,
        StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();

    private Task<string> ExportAsync(string multipliers)
    {
        File.WriteAllText(_folder.At("config.json"), $$"""
            {"architectures": ["OpenELMForCausalLM"], "model_dim": 32, "num_transformer_layers": 3,
             "num_query_heads": 2, "num_kv_heads": 1, "head_dim": 16, "vocab_size": 37, "max_context_length": 32,
             "ffn_dim_divisor": 16, "ffn_multipliers": {{multipliers}} }
            """);
        return models.ExportAsync(_folder.Path, TensorDtype.Float32, randomSeed: 1);
    }
}
