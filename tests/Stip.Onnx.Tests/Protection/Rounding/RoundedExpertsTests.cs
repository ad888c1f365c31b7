using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Rounding;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.Rounding;

/// <summary>Mixtures of experts whose matrices are rounded.</summary>
public sealed class RoundedExpertsTests
{
    private const int Experts = 4;
    private const int Width = 64;
    private const int Inner = 96;

    // Of outputs of scale ~1: float32 sums of at most 96 terms.
    private const float LargestDifference = 1e-5f;

    [Theory]
    [InlineData(WeightRounding.Int4, false)]
    [InlineData(WeightRounding.Int4, true)]
    [InlineData(WeightRounding.Int8, false)]
    public void Round_OfExperts_ComputesWhatItsNumbersStandFor(WeightRounding kind, bool hasBias)
    {
        using var graph = Build(hasBias);
        using var wide = Build(hasBias);
        graph.Save().Dispose();
        wide.Save().Dispose();

        GraphRounder.Round(graph.FilePath, kind);

        using (var rounded = ModelFile.Load(graph.FilePath))
        {
            Assert.Contains(rounded.Graph.Node, node => node.OpType == RoundableExperts.Rounded);
            Assert.Equal(kind == WeightRounding.Int4 ? 20 : 34, BytesOf32(rounded, "fc1"));
            Widen(rounded, wide.FilePath, kind == WeightRounding.Int4 ? 4 : 8);
        }

        var (given, expected) = (Run(graph.FilePath), Run(wide.FilePath));
        Assert.All(given.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, LargestDifference));
        Assert.True(expected.Max(MathF.Abs) > 0.1f);
    }

    [Theory]
    [InlineData("activation_type")]
    [InlineData("swiglu_fusion")]
    [InlineData("normalize_routing_weights")]
    public void Of_ExpertsThatTheOperatorDoesNotKnow_LeavesThemAsTheyAre(string changed)
    {
        using var graph = Build(hasBias: false);
        var attributes = graph.Graph.Graph.Node.Single(RoundableExperts.IsPlain).Attribute;
        attributes.Remove(attributes.Single(attribute => attribute.Name == changed));
        using var file = graph.Save();

        Assert.DoesNotContain("fc1", RoundableMatrices.Of(file.Graph, file.Tensors));
        Assert.DoesNotContain("fc2", RoundableMatrices.Of(file.Graph, file.Tensors));
    }

    [Fact]
    public void Of_ExpertsOfWhichOneMatrixIsNoWholeBlocks_LeavesBoth()
    {
        using var graph = Build(hasBias: false, inner: 40);
        using var file = graph.Save();

        Assert.DoesNotContain("fc1", RoundableMatrices.Of(file.Graph, file.Tensors));
    }

    private static SmallGraph Build(bool hasBias, int inner = Inner)
    {
        var graph = new SmallGraph();
        var rows = graph.Hidden(Width);
        var router = graph.Add("Reshape", "router", graph.Hidden(Experts, "r"), graph.Numbers(-1, Experts));
        string[] inputs =
        [
            rows, router,
            graph.Weight("fc1", Experts, 2 * inner, Width), hasBias ? graph.Weight("b1", Experts, 2 * inner) : "",
            graph.Weight("fc2", Experts, Width, inner), hasBias ? graph.Weight("b2", Experts, Width) : "",
        ];
        graph.Finish(
            graph.Microsoft(
                RoundableExperts.Plain, "made", inputs,
                NodeAttribute.Int("k", 2), NodeAttribute.String("activation_type", "swiglu"),
                NodeAttribute.Int("swiglu_fusion", 1), NodeAttribute.Int("normalize_routing_weights", 1),
                NodeAttribute.Float("activation_alpha", 1.7), NodeAttribute.Float("activation_beta", 1),
                NodeAttribute.Float("swiglu_limit", 7)),
            Width);
        return graph;
    }

    private static double BytesOf32(ModelFile file, string name)
    {
        var (numbers, scales) = (Tensor(file, name), Tensor(file, $"{name}.scales"));
        return 32d * (numbers.ByteLength + scales.ByteLength) / (Experts * 2 * Inner * Width);
    }

    private static GraphTensor Tensor(ModelFile file, string name) =>
        file.Tensors.Single(tensor => tensor.Name == name);

    // Writes what the rounded numbers stand for over the weights of a graph of floats.
    private static void Widen(ModelFile rounded, string path, int bits)
    {
        var places = new List<(long Offset, byte[] Bytes)>();
        using (var wide = ModelFile.Load(path))
        {
            foreach (var tensor in wide.Tensors.Where(tensor =>
                rounded.Tensors.Any(other => other.Name == $"{tensor.Name}.scales")))
            {
                var bytes = new byte[tensor.ByteLength];
                TensorConversion.FromFloat32(Values(rounded, tensor, bits), TensorDtype.Float32, bytes);
                var offset = tensor.Proto.ExternalData.FirstOrDefault(entry => entry.Key == "offset")?.Value ?? "0";
                places.Add((long.Parse(offset, System.Globalization.CultureInfo.InvariantCulture), bytes));
            }
        }

        using var data = new FileStream($"{path}.data", FileMode.Open, FileAccess.Write);
        foreach (var (offset, bytes) in places)
        {
            data.Position = offset;
            data.Write(bytes);
        }
    }

    private static float[] Values(ModelFile rounded, GraphTensor tensor, int bits)
    {
        var (numbers, scales) = (Tensor(rounded, tensor.Name), Tensor(rounded, $"{tensor.Name}.scales"));
        var factors = new float[scales.ElementCount];
        TensorConversion.ToFloat32(TensorDtype.Float32, scales.Bytes(), factors);
        var stored = numbers.Bytes().ToArray();

        // Products have their inputs first.
        var (inputs, outputs) = tensor.Shape.Length == 2 ? (tensor.Shape[0], tensor.Shape[1]) : (1, 1);
        var values = new float[tensor.ElementCount];
        var block = tensor.ElementCount / scales.ElementCount;
        for (var i = 0; i < values.Length; i++)
        {
            var cell = tensor.Shape.Length == 2 ? (i % outputs * inputs) + (i / outputs) : i;
            var number = (stored[cell * bits / 8] >> (cell * bits % 8)) & ((1 << bits) - 1);
            values[i] = (number - (1 << (bits - 1))) * factors[cell / block];
        }

        return values;
    }

    private static float[] Run(string path)
    {
        using var runner = new GraphRunner(path);
        var random = new Random(3);
        float[] rows = [.. Enumerable.Range(0, 60).Select(_ => random.NextSingle() - 0.5f)];
        return runner.Run(new Dictionary<string, HostTensor> { ["x"] = HostTensor.FromFloats(rows, 2, 5, 6) })["y"]
            .ToFloats();
    }
}
