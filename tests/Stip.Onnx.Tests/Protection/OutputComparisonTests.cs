using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Tests.Protection;

public sealed class OutputComparisonTests
{
    private const float Infinity = float.PositiveInfinity;

    [Theory]
    [InlineData(new[] { 1, -Infinity, 3 }, new[] { 3, -Infinity, 1 }, false)]
    [InlineData(new[] { Infinity, 1 }, new[] { 1, Infinity }, false)]
    [InlineData(new[] { float.NaN, 1f }, new[] { float.NaN, 2f }, false)]
    [InlineData(new[] { 1f, 2f }, new[] { 2f, 1f }, false)]
    [InlineData(new[] { 1e-4f, 3e-4f }, new[] { 3e-4f, 1e-4f }, false)]
    [InlineData(new[] { 1e-4f, 3e-4f }, new[] { 1e-4f, 3.0002e-4f }, true)]
    [InlineData(new[] { 0f, 0f }, new[] { 0f, 1e-10f }, true)]
    [InlineData(new[] { 1, -Infinity, 3 }, new[] { 1, -Infinity, 3 }, true)]
    [InlineData(new[] { float.NaN, 1f }, new[] { float.NaN, 1f }, true)]
    [InlineData(new[] { float.NaN, float.NaN }, new[] { float.NaN, float.NaN }, false)]
    [InlineData(new[] { -Infinity, -Infinity }, new[] { -Infinity, -Infinity }, false)]
    public void Report_OfOneOutput_PassesWhereItIsEqual(float[] plain, float[] restored, bool passes)
    {
        var comparison = Comparison();

        comparison.AddLogits("logits", plain, restored, plain.Length);

        Assert.Equal(passes, comparison.Report(1, null).Passed);
    }

    // One number an answer may be near nothing by chance; what another graph calls so says nothing of it.
    [Theory]
    [InlineData("", true)]
    [InlineData("encoder", false)]
    public void Report_OfOneNumberAnAnswer_JudgesByAllAnswers(string scope, bool passes)
    {
        var comparison = Comparison();

        comparison.AddAll([("score", One(2f))], [("score", One(2.0001f))], scope);
        comparison.AddAll([("score", One(0.01f))], [("score", One(0.0101f))]);

        Assert.Equal(passes, comparison.Report(2, null).Passed);

        static HostTensor One(float number) => HostTensor.FromFloats([number], 1, 1);
    }

    [Fact]
    public void Report_OfRowsWithAFillerInOneSample_JudgesTheOthersByThemselves()
    {
        var comparison = Comparison();
        var filled = HostTensor.FromFloats([1, 2, -1e4f], 1, 3);

        comparison.AddAll([("start_logits", filled)], [("start_logits", filled)]);
        comparison.AddAll(
            [("start_logits", HostTensor.FromFloats([1, 2, 3], 1, 3))],
            [("start_logits", HostTensor.FromFloats([2, 1, 3], 1, 3))]);

        Assert.False(comparison.Report(2, null).Passed);
    }

    [Fact]
    public void Report_OfNothing_DoesNotPass() => Assert.False(Comparison().Report(1, null).Passed);

    [Fact]
    public void Report_OfEmptyOutputs_DoesNotPassAndSaysSo()
    {
        var comparison = Comparison();

        comparison.AddAll([("boxes", HostTensor.FromFloats([], 0, 4))], [("boxes", HostTensor.FromFloats([], 0, 4))]);

        var report = comparison.Report(1, null);
        Assert.False(report.Passed);
        Assert.Equal(
            "every output is empty, so that nothing was compared (--verify none of protect leaves it out)",
            report.Worst);
    }

    [Theory]
    [InlineData(float.NaN, false)]
    [InlineData(1f, true)]
    public void Report_OfAnOutputWithoutANumber_NamesItWhateverElseIsCompared(float later, bool passes)
    {
        var comparison = Comparison();
        var (none, some) = (Row(float.NaN, float.NaN), Row(later, float.NaN));

        comparison.AddAll([("logits", none), ("hidden", Row(1, 2))], [("logits", none), ("hidden", Row(1, 2))]);
        comparison.AddAll([("logits", some)], [("logits", some)]);

        var report = comparison.Report(2, null);
        Assert.Equal(passes, report.Passed);
        Assert.Equal(!passes, report.Worst == "output 'logits' of the plain model has no finite number in any sample, "
            + "so that nothing of it was compared (--verify none of protect leaves it out)");

        static HostTensor Row(params float[] values) => HostTensor.FromFloats(values, 1, 2);
    }

    [Fact]
    public void AddAll_AnOutputIsMissing_DoesNotPass()
    {
        var comparison = Comparison();
        var row = HostTensor.FromFloats([1, 2], 1, 2);

        comparison.AddAll([("logits", row), ("hidden", row)], [("logits", row)]);

        Assert.False(comparison.Report(1, null).Passed);
    }

    [Theory]
    [InlineData(new[] { 30_000L, 7L }, true)]
    [InlineData(new[] { 29_999L, 7L }, false)]
    public void AddAll_OfPlaces_TakesTheNextOneForAnother(long[] restored, bool passes)
    {
        var comparison = Comparison();

        comparison.AddAll(
            [("best", HostTensor.FromIntegers([30_000L, 7L], 1, 2))],
            [("best", HostTensor.FromIntegers(restored, 1, 2))]);

        var report = comparison.Report(1, null);
        Assert.Equal(passes, report.Passed);
        Assert.False(report.HasLogits);
    }

    [Theory]
    [InlineData("logits", "logit")]
    [InlineData("start_logits", "logit")]
    [InlineData("last_hidden_state", "")]
    public void Report_OfRows_SaysWhetherTheyAreLogits(string output, string expected)
    {
        var comparison = Comparison();

        comparison.AddLogits(output, [1, 2], [1, 2], 2);

        Assert.Equal(expected, comparison.Report(1, null).Compared);
    }

    /// <summary>Numbers that are rounded to 8 bits while the graph runs may land on the next step.</summary>
    [Theory]
    [InlineData("DynamicQuantizeLinear", "x", 5e-2)]
    [InlineData("QuantizeLinear", "x", 5e-2)]
    [InlineData("QuantizeLinear", "weight", 1e-3)]
    [InlineData("DequantizeLinear", "x", 1e-3)]
    public void Tolerance_OfAGraphThatRoundsActivations_IsThatOfOneStep(string operation, string input, double expected)
    {
        var graph = new GraphProto
        {
            Initializer = { new TensorProto { Name = "weight", DataType = 1, Dims = { 2 } } },
            Node = { new NodeProto { OpType = operation, Input = { input }, Output = { "y" } } },
        };

        var comparison = Comparison(new GraphPart(
            GraphRoles.Encoder, false, "model.onnx", new ModelProto { Graph = graph }, []));

        Assert.Equal(expected, comparison.Tolerance);
    }

    // Both branches of a merged decoder, and functions that stay calls.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tolerance_OfAGraphThatRoundsInside_IsThatOfOneStep(bool isBranch)
    {
        var rounds = new NodeProto { OpType = "DynamicQuantizeLinear", Input = { "x" }, Output = { "y" } };
        var branch = new GraphProto { Node = { rounds } };
        var model = new ModelProto { Graph = new GraphProto() };
        model.Graph.Node.Add(isBranch
            ? new NodeProto { OpType = "If", Attribute = { new AttributeProto { Name = "then_branch", G = branch } } }
            : new NodeProto { OpType = "Round", Domain = "own" });
        model.Functions.Add(isBranch ? [] : [new FunctionProto { Name = "Round", Domain = "own", Node = { rounds } }]);

        Assert.Equal(
            5e-2, Comparison(new GraphPart(GraphRoles.Encoder, false, "model.onnx", model, [])).Tolerance);
    }

    // ONNX Runtime rounds what experts of 8 bits in blocks take.
    [Theory]
    [InlineData(8, 32, 5e-2)]
    [InlineData(8, 0, 1e-3)]
    [InlineData(4, 32, 1e-3)]
    public void Tolerance_OfQuantizedExperts_IsThatOfTheirKernel(int bits, int block, double expected)
    {
        var graph = new GraphProto
        {
            Node =
            {
                new NodeProto
                {
                    OpType = "QMoE",
                    Domain = "com.microsoft",
                    Input = { "x" },
                    Attribute =
                    {
                        NodeAttribute.Int("expert_weight_bits", bits), NodeAttribute.Int("block_size", block),
                    },
                },
            },
        };

        Assert.Equal(expected, Comparison(new GraphPart(
            GraphRoles.Encoder, false, "model.onnx", new ModelProto { Graph = graph }, [])).Tolerance);
    }

    // What a model fills places with that do not count is no size of what it computes.
    [Theory]
    [InlineData(float.MinValue, true)]
    [InlineData(float.MinValue, false)]
    [InlineData(-1e4f, true)]
    [InlineData(-1e4f, false)]
    [InlineData(-65504f, false)]
    [InlineData(1e30f, false)]
    public void Report_OfARowWithAFiller_JudgesTheOthersByTheirSize(float filler, bool isRight)
    {
        var comparison = Comparison();
        float[] plain = [1, -2, filler, 3, filler, 0];

        comparison.AddLogits(
            "logits", plain, isRight ? [1.0001f, -2, filler, 3, filler, 0] : [3, -2, filler, 1, filler, 0], 6);

        Assert.Equal(isRight, comparison.Report(1, null).Passed);
    }

    [Fact]
    public void Report_OfAFillerThatStandsElsewhere_DoesNotPass()
    {
        var comparison = Comparison();

        comparison.AddLogits("logits", [1, -1e9f, 3], [1, 3, -1e9f], 3);

        Assert.False(comparison.Report(1, null).Passed);
    }

    // A few features far above all others, whose sums round by their size.
    [Fact]
    public void Report_OfAFewLargeFeatures_JudgesAllByThem()
    {
        var comparison = Comparison();

        comparison.AddLogits("hidden", [9000, 8500, 0.5f, 1], [9000.1f, 8500, 0.51f, 1], 4);

        Assert.True(comparison.Report(1, null).Passed);
    }

    private static OutputComparison Comparison(params GraphPart[] parts) => new(new PlainModel(
        "",
        new ExportManifest(
            ExportManifest.CurrentFormat,
            "toy",
            ModelKinds.Encoder,
            "toy",
            2,
            2,
            2,
            "float32",
            "float32",
            false,
            null,
            [],
            new EmbeddingManifest([]),
            new Dictionary<string, GraphManifest>()),
        [],
        parts));
}
