using Stip.Export.Blocks.Positions;
using Stip.Onnx;
using Stip.Onnx.Execution;
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

    // In float16 the positions of the long text lie farther apart than the short one's keys do.
    [Theory]
    [InlineData(TensorDtype.Float32, 1e-5f)]
    [InlineData(TensorDtype.Float16, 2e-3f)] // two steps of float16 for logits below 1
    public async Task Logits_OfTextsOfOtherLengthsInABatch_AreThoseAlone(TensorDtype dtype, float tolerance)
    {
        int[] lengths = [4, 900];
        var folder = await ExportAsync("""{"factor": 1}""", dtype);
        using var graph = new GraphRunner(Path.Combine(folder, "model.onnx"));

        var together = Logits(graph, lengths);

        var alone = lengths.SelectMany(length => Logits(graph, [length]));
        Assert.All(alone.Zip(together), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }

    public void Dispose() => _folder.Dispose();

    private static float[] Floats(string folder, TensorProto tensor)
    {
        var offset = tensor.ExternalData.FirstOrDefault(entry => entry.Key == "offset")?.Value ?? "0";
        var bytes = File.ReadAllBytes(Path.Combine(folder, "model.onnx.data"))[int.Parse(offset)..];
        return [.. Enumerable.Range(0, (int)tensor.Dims.Aggregate((all, axis) => all * axis))
            .Select(i => BitConverter.ToSingle(bytes, i * sizeof(float)))];
    }

    // One more row of each text; what is cached hangs on the place alone.
    private static float[] Logits(GraphRunner graph, int[] lengths)
    {
        const int heads = 3, width = 8, hidden = heads * width;
        var (texts, longest) = (lengths.Length, lengths.Max());
        var cache = Enumerable.Range(0, texts * heads * longest * width)
            .Select(i => MathF.Sin((i / width % longest * 37) + (i % width * 5)));
        var past = HostTensor.FromFloats([.. cache], texts, heads, longest, width);
        var rows = Enumerable.Range(0, texts * hidden).Select(i => MathF.Cos(i % hidden));
        var inputs = new Dictionary<string, HostTensor>
        {
            ["inputs_embeds"] = HostTensor.FromFloats([.. rows], texts, 1, hidden),
            ["seqlens_k"] = HostTensor.FromIntegers([.. lengths.Select(length => length - 1)], texts),
            ["total_sequence_length"] = HostTensor.FromIntegers([longest]),
            ["logits_rows"] = HostTensor.FromIntegers([.. lengths.Select((_, text) => (long)text)], texts),
        };
        foreach (var port in graph.Inputs.Where(port => port.Name.StartsWith("past", StringComparison.Ordinal)))
        {
            inputs[port.Name] = past;
        }

        return graph.Run(inputs, ["logits"])["logits"].ToFloats();
    }

    private Task<string> ExportAsync(string scaling, TensorDtype dtype = TensorDtype.Float32)
    {
        File.WriteAllText(_folder.At("config.json"), $$"""
            {"architectures": ["JAISLMHeadModel"], "n_embd": 24, "n_layer": 2, "n_head": 3, "n_positions": 32,
             "vocab_size": 37, "n_inner": 40, "position_embedding_type": "alibi", "activation_function": "swiglu",
             "scale_attn_by_inverse_layer_idx": true, "alibi_scaling": {{scaling}} }
            """);
        return models.ExportAsync(_folder.Path, dtype, randomSeed: 1);
    }
}
