using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Symmetry;

public sealed class MovementTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Fact]
    public void Attention_WrittenOut_MovesHeadsAndChannels()
    {
        const int heads = 3;
        const int headDim = 4;
        _graph.Input("x", "batch", "seq", 12);
        _graph.Add("MatMul", "qkv", "x", _graph.Weight("w_qkv", 12, 36));
        _graph.Graph.Append(
            "", "Split", "split", ["qkv", _graph.Graph.AddConstant("sizes", 12, 12, 12)], ["q", "k", "v"],
            NodeAttribute.Int("axis", -1));
        foreach (var part in new[] { "q", "k", "v" })
        {
            _graph.Add("Reshape", $"{part}4", part, _graph.Graph.AddConstant($"{part}_shape", 0, 0, heads, headDim));
            _graph.With("Transpose", $"{part}h", [$"{part}4"], Permute(0, 2, 1, 3));
        }

        _graph.With("Transpose", "kt", ["kh"], Permute(0, 1, 3, 2));
        _graph.Add("MatMul", "scores", "qh", "kt");
        _graph.With("Softmax", "shares", ["scores"], NodeAttribute.Int("axis", -1));
        _graph.Add("MatMul", "mixed", "shares", "vh");
        _graph.With("Transpose", "back", ["mixed"], Permute(0, 2, 1, 3));
        _graph.Add("Reshape", "joined", "back", _graph.Graph.AddConstant("joined_shape", 0, 0, 12));
        _graph.Add("MatMul", "y", "joined", _graph.Weight("w_o", 12, 12));
        _graph.Output("y", "batch", "seq", 12);

        var plan = ProtocolLaw.AssertHolds(_graph);

        var rows = plan.Initializers["w_o"].Axes[0]!;
        for (var head = 0; head < heads; head++)
        {
            Assert.Single(Enumerable.Range(0, headDim).Select(c => rows[(head * headDim) + c] / headDim).Distinct());
        }
    }

    // Maps of segmentation: neither side is one of features, whatever it is called and however long.
    [Fact]
    public void Map_WhoseSidesAreFree_MovesItsLabelsOnly()
    {
        _graph.Input("pixel_values", "batch", 3, "height", "width");
        _graph.Add("Conv", "inner", "pixel_values", _graph.Weight("w", 8, 3, 1, 1));
        _graph.Add("Relu", "active", "inner");
        _graph.Add("Conv", "y", "active", _graph.Weight("w_y", 5, 8, 1, 1));
        _graph.Output("y", "batch", 5, "rows", "columns");

        var plan = ProtocolLaw.AssertHolds(_graph, null, new Dictionary<(string, int), long>
        {
            [("pixel_values", 2)] = 5,
            [("pixel_values", 3)] = 11,
        });

        Assert.Equal([1], plan.Outputs["y"].FeatureAxes);
    }

    [Fact]
    public void NormOfHeads_WithOneFactor_TiesTheirChannels()
    {
        _graph.Input("x", "batch", "seq", 12);
        _graph.Add("MatMul", "q", "x", _graph.Weight("w", 12, 12));
        _graph.Add("Reshape", "heads", "q", _graph.Graph.AddConstant("shape", 0, 0, 3, 4));
        _graph.With("LayerNormalization", "norm", ["heads", _graph.Weight("factor", 4)], NodeAttribute.Int("axis", -1));
        _graph.Add("Reshape", "y", "norm", _graph.Graph.AddConstant("flat", 0, 0, 12));
        _graph.Output("y", "batch", "seq", 12);

        var plan = ProtocolLaw.AssertHolds(_graph);

        var channels = plan.Initializers["factor"].Axes[0]!;
        Assert.All(Enumerable.Range(0, 12), i => Assert.Equal(
            channels[i % 4], plan.Initializers["w"].Axes[1]![i] % 4));
    }

    [Fact]
    public void Slice_InHalves_MovesBothHalvesAlike()
    {
        _graph.Input("x", "batch", "seq", 8);
        _graph.Add("Slice", "left", "x", Constant("s0", 0), Constant("e0", 4), Constant("a0", -1));
        _graph.Add("Slice", "right", "x", Constant("s1", 4), Constant("e1", long.MaxValue), Constant("a1", 2));
        _graph.Add("Neg", "minus", "right");
        _graph.Add("Mul", "y", "left", "minus");
        _graph.Output("y", "batch", "seq", 4);

        var moved = ProtocolLaw.AssertHolds(_graph).Inputs["x"].Permutation!;

        // A product of two halves: a pair may also trade its halves only where both are computed alike.
        Assert.All(Enumerable.Range(0, 4), i => Assert.Equal(moved[i] + 4, moved[i + 4]));
    }

    [Fact]
    public void PaddedExpandedAndUnsqueezed_StaysExact()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("Unsqueeze", "column", "x", Constant("axis", 2));
        _graph.Add("Expand", "wide", "column", Constant("to", 1, 1, 2, 6));
        _graph.Add("Mul", "scaled", "wide", _graph.Weight("scales", 2, 1));
        _graph.Add("Pad", "padded", "scaled", Constant("pads", 0, 0, 0, 1, 0, 0, 0, 1));
        _graph.With("ReduceMean", "y", ["padded", Constant("over", 2)], NodeAttribute.Int("keepdims", 0));
        _graph.Output("y", "batch", "seq", 8);

        var plan = ProtocolLaw.AssertHolds(_graph);

        Assert.Equal(0, plan.Outputs["y"].Permutation![0] % 7);
    }

    [Fact]
    public void Weight_TransposedAndSliced_MovesByItsOwnAxes()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.With("Transpose", "turned", [_graph.Weight("w", 10, 6)], Permute(1, 0));
        _graph.Add("Slice", "part", "turned", Constant("s", 2), Constant("e", 10), Constant("a", 1));
        _graph.Add("MatMul", "y", "x", "part");
        _graph.Output("y", "batch", "seq", 8);

        var plan = ProtocolLaw.AssertHolds(_graph);

        Assert.Equal(plan.Inputs["x"].Permutation, plan.Initializers["w"].Axes[1]);
        Assert.All(Enumerable.Range(2, 8), i => Assert.Equal(
            plan.Outputs["y"].Permutation![i - 2] + 2, plan.Initializers["w"].Axes[0]![i]));
    }

    [Fact]
    public void HeadsAndGroupsThatOverlap_MoveInEveryDraw()
    {
        const int width = 24;
        _graph.Input("x", "batch", "seq", 6);
        var row = _graph.Add("MatMul", "row", "x", _graph.Weight("w", 6, width));
        var heads = Shares(row, "heads", 3);
        var groups = Shares(row, "groups", 4);
        _graph.Add("MatMul", "y", _graph.Add("Add", "sum", heads, groups), _graph.Weight("w_y", width, 7));
        _graph.Output("y", "batch", "seq", 7);
        ProtocolLaw.AssertHolds(_graph);
        using var file = ModelFile.Load(_graph.FilePath);
        var analysis = SymmetryAnalysis.Of(file);

        // An order of heads that no order of groups fits ends a draw, which is then made again.
        Assert.All(Enumerable.Range(0, 20), seed => Assert.NotNull(ProtectionPlan.From(
            analysis.Graph, analysis.Draw(new SeededRandom(seed)).Targets).Initializers["w"].Axes[1]));
    }

    public void Dispose() => _graph.Dispose();

    // A softmax within each of so many parts.
    private string Shares(string row, string name, int parts)
    {
        var split = _graph.Add("Reshape", $"{name}_split", row, Constant($"{name}_shape", 0, 0, parts, 24 / parts));
        var shares = _graph.With("Softmax", $"{name}_shares", [split], NodeAttribute.Int("axis", -1));
        return _graph.Add("Reshape", name, shares, Constant($"{name}_flat", 0, 0, 24));
    }

    private static AttributeProto Permute(params long[] axes)
    {
        var attribute = new AttributeProto { Name = "perm", Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.Add(axes);
        return attribute;
    }

    private string Constant(string name, params long[] values) => _graph.Graph.AddConstant(name, values);
}
