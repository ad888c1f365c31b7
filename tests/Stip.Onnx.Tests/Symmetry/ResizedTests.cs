using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Rules.Convolutions;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Positions that are interpolated: to which lengths, and at what cost.</summary>
public sealed class ResizedTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    public void Dispose() => _graph.Dispose();

    // The length is a product in single precision (ONNX Runtime gives 18 and 7): in double it would be 17 and 6.
    [Theory]
    [InlineData(18f / 14f, 14, 18)]
    [InlineData(0.7f, 10, 7)]
    public void Length_OfAScale_IsThatOfTheRuntime(float scale, int from, int to)
    {
        var scales = new KnownValue([1], [scale], TensorProto.Types.DataType.Float);
        var call = new OperatorCall(
            new NodeProto(),
            "Upsample",
            [new KnownValue([from], new double[from], TensorProto.Types.DataType.Float), scales],
            new NodeStore(),
            new IndexNodes(),
            (_, _) => []);

        Assert.Equal([to], ResizeTarget.Of(call).Shape);
    }

    [Fact]
    public void Length_ThatIsComputedInFloats_IsThatOfTheRuntime()
    {
        _graph.Input("x", "batch", 10, 4);
        var length = _graph.Add("Gather", "length", _graph.Add("Shape", "shape", "x"), _graph.Numbers(1));
        var number = _graph.With("Cast", "number", [length], NodeAttribute.Int("to", 1));
        var part = _graph.Add("Floor", "part", _graph.Add("Mul", "product", number, _graph.Number(0.7f)));
        var end = _graph.With("Cast", "end", [part], NodeAttribute.Int("to", 7));
        var first = _graph.Add("Slice", "first", "x", _graph.Numbers(0), end, _graph.Numbers(1));
        var turned = _graph.With("Transpose", "turned", [first], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "y", turned, _graph.Weight("w_y", 7, 5));
        _graph.Output("y", "batch", 4, 5);

        ProtocolLaw.AssertHolds(_graph);
    }

    [Theory]
    [InlineData("not_larger")]
    [InlineData("not_smaller")]
    public void Sizes_OfAKeptRatio_PermutedAndPlain_Agree(string policy) => AssertHolds(
        ["", "", _graph.Numbers(6, 6)],
        NodeAttribute.Ints("axes", 2, 3),
        NodeAttribute.String("keep_aspect_ratio_policy", policy));

    [Fact]
    public void Scales_PutTogetherOfOnesAndAComputedOne_PermutedAndPlain_Agree()
    {
        Picture();
        _graph.Add("Shape", "shape", "map");
        var side = _graph.Add("Gather", "side", "shape", _graph.Numbers(2));
        var number = _graph.With("Cast", "number", [side], NodeAttribute.Int("to", 1));
        var factor = _graph.Add("Mul", "factor", number, _graph.Number(0.7f));
        var scales = _graph.With(
            "Concat", "scales", [_graph.Floats(1, 1), factor, factor], NodeAttribute.Int("axis", 0));

        AssertHolds(["", scales]);
    }

    [Theory]
    [InlineData("Resize", 10)]
    [InlineData("Upsample", 9)]
    public void Scales_OfAnEarlierVersion_PermutedAndPlain_Agree(string operation, int opset)
    {
        _graph.Opset = opset;
        Picture();
        var resized = _graph.With(
            operation, "resized", ["map", _graph.Floats(1, 1, 2, 2)], NodeAttribute.String("mode", "linear"));

        Finish(resized);
    }

    [Fact]
    public void Scales_InAnAttribute_PermutedAndPlain_Agree()
    {
        _graph.Opset = 8;
        Picture();
        var resized = _graph.With("Upsample", "resized", ["map"], new AttributeProto
        {
            Name = "scales",
            Type = AttributeProto.Types.AttributeType.Floats,
            Floats = { 1, 1, 2, 2 },
        });

        Finish(resized);
    }

    [Fact]
    public void Picture_OfManyPlaces_Resized_PermutedAndPlain_Agree()
    {
        Large(18, 27);

        ProtocolLaw.AssertHolds(_graph);
    }

    [Fact]
    public void LargerPicture_Resized_TakesNoMoreNodes() => Assert.Equal(Labels(32), Labels(64));

    [Fact]
    public void Channels_OfAResizedPicture_AreOneRunAPlace() => Assert.Equal(Runs(8), Runs(64));

    // A point hangs on one node of all positions, not on each of them.
    [Fact]
    public void MorePointsOfAPicture_TakeAsMuchWhateverItsPositions() =>
        Assert.Equal(Edges(20, side: 4) - Edges(4, side: 4), Edges(20, side: 8) - Edges(4, side: 8));

    private void AssertHolds(string[] rest, params AttributeProto[] attributes)
    {
        Picture();
        Finish(_graph.With("Resize", "resized", ["map", .. rest], attributes));
    }

    private void Picture()
    {
        if (!_graph.Graph.Has("x"))
        {
            _graph.Input("x", "batch", 4, 3, 5);
            _graph.With("Conv", "map", ["x", _graph.Weight("w", 6, 4, 1, 1)]);
        }
    }

    private void Finish(string map)
    {
        var mean = _graph.With("Transpose", "last", [map], NodeAttribute.Ints("perm", 0, 2, 3, 1));
        _graph.Add("MatMul", "y", mean, _graph.Weight("w_y", 6, 5));
        _graph.Output("y", "batch", "height", "width", 5);

        ProtocolLaw.AssertHolds(_graph);
    }

    private void Large(int side, int to)
    {
        _graph.Input("x", "batch", 3, side, side);
        var map = _graph.With(
            "Conv", "map", ["x", _graph.Weight("w", 6, 3, 3, 3)], NodeAttribute.Ints("pads", 1, 1, 1, 1));
        var resized = _graph.With(
            "Resize", "resized", [map, "", "", _graph.Numbers(to, to)], NodeAttribute.Ints("axes", 2, 3));
        var low = _graph.With("MaxPool", "low", [map], NodeAttribute.Ints("kernel_shape", side, side));
        var back = _graph.With(
            "Resize", "back", [low, "", "", _graph.Numbers(to, to)], NodeAttribute.Ints("axes", 2, 3));
        var sum = _graph.Add("Mul", "sum", resized, back);
        _graph.Add("Flatten", "flat", _graph.Add("GlobalAveragePool", "mean", sum));
        _graph.Add("MatMul", "y", "flat", _graph.Weight("w_y", 6, 5));
        _graph.Output("y", "batch", 5);
    }

    private static int Labels(int side)
    {
        using var test = new ResizedTests();
        test.Large(side, side * 3 / 2);
        using var file = test._graph.Save();
        return SymmetryAnalysis.Of(file).Graph.Store.Count;
    }

    private static int Runs(int width)
    {
        using var graph = new SmallGraph();
        var turned = graph.With("Transpose", "turned", [graph.Hidden(width)], NodeAttribute.Ints("perm", 0, 2, 1));
        graph.Add("Resize", "resized", turned, "", "", graph.Numbers(2, width, 5));
        graph.Finish(graph.With("Transpose", "back", ["resized"], NodeAttribute.Ints("perm", 0, 2, 1)), width);
        using var file = graph.Save();
        return LabelRun.Execute([GraphPart.Of(file)], []).Store.Runs.Count;
    }

    private static int Edges(int points, int side)
    {
        using var graph = new SmallGraph();
        graph.Input("x", 1, 6, side, side);
        graph.Input("grid", 1, 1, points, 2);
        var map = graph.Add("Conv", "map", "x", graph.Weight("w", 6, 6, 1, 1));
        graph.Add("GridSample", "y", map, "grid");
        graph.Output("y", 1, 6, 1, points);
        using var file = graph.Save();
        var runs = LabelRun.Execute([GraphPart.Of(file)], []).Store.Runs;
        return Enumerable.Range(0, runs.Count).Sum(run => runs.Children(run).Length);
    }
}
