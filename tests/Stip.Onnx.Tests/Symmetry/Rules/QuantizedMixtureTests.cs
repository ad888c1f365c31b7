using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>Experts of 4 bits in blocks of 32, and of 8 with a scale for every output (in blocks the runtime's operator
/// rounds activations too): what it makes of them on the CPU.</summary>
public sealed class QuantizedMixtureTests
{
    private const int Experts = 4;
    private const int Width = 64;
    private const int Inner = 96;

    // Of outputs of scale ~1: float32 sums of at most 96 terms.
    private const float LargestDifference = 1e-5f;

    private static readonly AttributeProto[] Settings =
    [
        NodeAttribute.Int("k", 2), NodeAttribute.String("activation_type", "swiglu"),
        NodeAttribute.Int("swiglu_fusion", 1), NodeAttribute.Int("normalize_routing_weights", 1),
        NodeAttribute.Float("activation_alpha", 1), NodeAttribute.Float("activation_beta", 0),
    ];

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Rule_IsExact(int bits)
    {
        using var graph = Build(bits, isQuantized: true);

        ProtocolLaw.AssertHolds(graph);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Experts_OfFewBits_GiveWhatWidenedOnesGive(int bits)
    {
        using var few = Build(bits, isQuantized: true);
        using var wide = Build(bits, isQuantized: false);
        few.Save().Dispose();
        wide.Save().Dispose();
        using var quantized = new GraphRunner(few.FilePath);
        using var widened = new GraphRunner(wide.FilePath);
        var random = new Random(3);
        float[] rows = [.. Enumerable.Range(0, 60).Select(_ => random.NextSingle() - 0.5f)];
        var inputs = new Dictionary<string, HostTensor> { ["x"] = HostTensor.FromFloats(rows, 2, 5, 6) };

        var (left, right) = (quantized.Run(inputs)["y"].ToFloats(), widened.Run(inputs)["y"].ToFloats());

        Assert.All(left.Zip(right), pair => Assert.Equal(pair.Second, pair.First, LargestDifference));
        Assert.True(right.Max(MathF.Abs) > 0.1f);
    }

    private static SmallGraph Build(int bits, bool isQuantized)
    {
        var graph = new SmallGraph();
        var rows = graph.Hidden(Width);
        var router = graph.Add("Reshape", "router", graph.Hidden(Experts, "r"), graph.Numbers(-1, Experts));
        string[] inputs = [rows, router, .. Matrix("fc1", 2 * Inner, Width), .. Matrix("fc2", Width, Inner)];
        graph.Finish(
            isQuantized
                ? graph.Microsoft(
                    "QMoE", "made", inputs, [.. Settings, NodeAttribute.Int("expert_weight_bits", bits), .. Blocks()])
                : graph.Microsoft("MoE", "made", inputs, Settings),
            Width);
        return graph;

        AttributeProto[] Blocks() => bits == 4 ? [NodeAttribute.Int("block_size", 32)] : [];

        string[] Matrix(string name, int outputs, int width)
        {
            var block = bits == 4 ? 32 : width;
            var random = new Random(outputs);
            var perByte = 8 / bits;
            var bytes = new byte[Experts * outputs * width / perByte];
            random.NextBytes(bytes);
            float[] scales = [.. Enumerable.Range(0, Experts * outputs * width / block)
                .Select(_ => (0.2f + (0.5f * random.NextSingle())) / (1 << bits))];
            if (isQuantized)
            {
                graph.Graph.AddWeight(name, new Weight(
                    TensorDtype.UInt8, [Experts, outputs, width / perByte], stream => stream.Write(bytes)));
                graph.Graph.AddWeight($"{name}_scales", Onnx.Model.Weight.FromFloats(
                    TensorDtype.Float32, bits == 4 ? [Experts, outputs, width / block] : [Experts, outputs], scales));
                return [name, $"{name}_scales", ""];
            }

            graph.Graph.AddWeight(name, Onnx.Model.Weight.FromFloats(
                TensorDtype.Float32,
                [Experts, outputs, width],
                [.. Enumerable.Range(0, perByte * bytes.Length).Select(cell =>
                    (((bytes[cell / perByte] >> (cell % perByte * bits)) & ((1 << bits) - 1)) - (1 << (bits - 1)))
                    * scales[cell / block])]));
            return [name, ""];
        }
    }
}
