using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>Experts of 4 bits in blocks of 32: what the runtime's operator on the CPU makes of them.</summary>
public sealed class QuantizedMixtureTests
{
    private const int Experts = 4;
    private const int Width = 32;
    private const int Inner = 32;
    private const int Block = 32;
    private const int Zero = 8;

    // Of outputs of scale ~1: float32 sums of 32 terms.
    private const float LargestDifference = 1e-5f;

    private static readonly AttributeProto[] Settings =
    [
        NodeAttribute.Int("k", 2), NodeAttribute.String("activation_type", "swiglu"),
        NodeAttribute.Int("swiglu_fusion", 1), NodeAttribute.Int("normalize_routing_weights", 1),
        NodeAttribute.Float("activation_alpha", 1), NodeAttribute.Float("activation_beta", 0),
    ];

    [Fact]
    public void Rule_IsExact()
    {
        using var graph = Build(isQuantized: true);

        ProtocolLaw.AssertHolds(graph);
    }

    [Fact]
    public void Experts_OfFourBits_GiveWhatWidenedOnesGive()
    {
        using var few = Build(isQuantized: true);
        using var wide = Build(isQuantized: false);
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

    private static SmallGraph Build(bool isQuantized)
    {
        var graph = new SmallGraph();
        var rows = graph.Hidden(Width);
        var router = graph.Add("Reshape", "router", graph.Hidden(Experts, "r"), graph.Numbers(-1, Experts));
        string[] inputs = [rows, router, .. Matrix("fc1", 2 * Inner, Width), .. Matrix("fc2", Width, Inner)];
        graph.Finish(
            isQuantized
                ? graph.Microsoft(
                    "QMoE", "made", inputs,
                    [.. Settings, NodeAttribute.Int("expert_weight_bits", 4), NodeAttribute.Int("block_size", Block)])
                : graph.Microsoft("MoE", "made", inputs, Settings),
            Width);
        return graph;

        string[] Matrix(string name, int outputs, int width)
        {
            var random = new Random(outputs);
            var bytes = new byte[Experts * outputs * width / 2];
            random.NextBytes(bytes);
            float[] scales = [.. Enumerable.Range(0, Experts * outputs * width / Block)
                .Select(_ => 0.02f + (0.05f * random.NextSingle()))];
            if (isQuantized)
            {
                graph.Graph.AddWeight(name, new Weight(
                    TensorDtype.UInt8, [Experts, outputs, width / 2], stream => stream.Write(bytes)));
                graph.Graph.AddWeight($"{name}_scales", Onnx.Model.Weight.FromFloats(
                    TensorDtype.Float32, [Experts, outputs, width / Block], scales));
                return [name, $"{name}_scales", ""];
            }

            graph.Graph.AddWeight(name, Onnx.Model.Weight.FromFloats(
                TensorDtype.Float32,
                [Experts, outputs, width],
                [.. Enumerable.Range(0, 2 * bytes.Length).Select(cell =>
                    (((bytes[cell / 2] >> (cell % 2 * 4)) & 15) - Zero) * scales[cell / Block])]));
            return [name, ""];
        }
    }
}
