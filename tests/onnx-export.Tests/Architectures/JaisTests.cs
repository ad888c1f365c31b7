using Stip.Export.Blocks.Positions;
using Stip.Onnx;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Factors that Jais's config.json may give on scores and on how they fall.</summary>
public sealed class JaisTests(ExportedModels models) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Export_WithFactorsOnScores_HasThem()
    {
        var folder = await ExportAsync("""{"factor": 4}""");

        var graph = ModelProto.Parser.ParseFrom(await File.ReadAllBytesAsync(
            Path.Combine(folder, "model.onnx"), TestContext.Current.CancellationToken)).Graph;
        Assert.Equal(
            [(float)(1 / Math.Sqrt(8)), (float)(0.5 / Math.Sqrt(8))],
            graph.Node.Where(node => node.OpType == "GroupQueryAttention")
                .Select(node => node.Attribute.First(attribute => attribute.Name == "scale").F));

        // As its publishers divide the slopes: by the factor.
        Assert.Equal(LinearBias.OfHeads(3).Slopes.Select(slope => slope / 4), Floats(folder, graph.Initializer.First(
            tensor => tensor.Name == "attention.bias.slopes")));
    }

    [Theory]
    [InlineData("""{"train_seq_len": 2048}""")]
    [InlineData("""{"factor": null, "train_seq_len": 2048}""")]
    public async Task Export_WhereBiasesDependOnTheLength_IsRefused(string scaling) => Assert.Contains(
        "config.json: alibi_scaling has train_seq_len and no factor",
        (await Assert.ThrowsAsync<RefusedException>(() => ExportAsync(scaling))).Message,
        StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();

    private static float[] Floats(string folder, TensorProto tensor)
    {
        var offset = tensor.ExternalData.FirstOrDefault(entry => entry.Key == "offset")?.Value ?? "0";
        var bytes = File.ReadAllBytes(Path.Combine(folder, "model.onnx.data"))[int.Parse(offset)..];
        return [.. Enumerable.Range(0, (int)tensor.Dims.Aggregate((all, axis) => all * axis))
            .Select(i => BitConverter.ToSingle(bytes, i * sizeof(float)))];
    }

    private Task<string> ExportAsync(string scaling)
    {
        File.WriteAllText(_folder.At("config.json"), $$"""
            {"architectures": ["JAISLMHeadModel"], "n_embd": 24, "n_layer": 2, "n_head": 3, "n_positions": 32,
             "vocab_size": 37, "n_inner": 40, "position_embedding_type": "alibi", "activation_function": "swiglu",
             "scale_attn_by_inverse_layer_idx": true, "alibi_scaling": {{scaling}} }
            """);
        return models.ExportAsync(_folder.Path, TensorDtype.Float32, randomSeed: 1);
    }
}
