using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Pictures whose places are told apart only once something treats them apart.</summary>
public sealed class FeatureMapTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    public void Dispose() => _graph.Dispose();

    [Fact]
    public void Backbone_PermutedAndPlain_Agree()
    {
        Picture(8);
        var stem = Conv("stem", "x", 6, 3, kernel: 3, strides: 2, pads: 1);
        var active = _graph.Add("Relu", "active", stem);
        var pooled = _graph.With("MaxPool", "pooled", [active], Kernel(2), NodeAttribute.Ints("pads", 0, 0, 1, 1));
        var inner = _graph.Add("Relu", "inner_active", Conv("inner", pooled, 6, 6, kernel: 3, pads: 1));
        var sum = _graph.Add("Add", "sum", pooled, Conv("outer", inner, 6, 6, kernel: 1));
        var depth = Conv("depth", sum, 6, 1, kernel: 3, pads: 1, groups: 6);
        Flattened(_graph.Add("Mul", "scaled", depth, _graph.Weight("factor", 6, 1, 1)), 6, 16);

        ProtocolLaw.AssertHolds(_graph);
    }

    [Fact]
    public void BatchNormalizationAndGroups_PermutedAndPlain_Agree()
    {
        Picture(6);
        var stem = Conv("stem", "x", 8, 3, kernel: 3, pads: 1);
        string[] numbers = [.. Enumerable.Range(0, 3).Select(i => _graph.Weight($"norm_{i}", 8))];
        _graph.Add("Mul", "variance", _graph.Weight("root", 8), "root");
        var normed = _graph.Add("BatchNormalization", "normed", [stem, .. numbers, "variance"]);
        var grouped = Conv("grouped", normed, 8, 4, kernel: 2, groups: 2);
        Flattened(_graph.With("AveragePool", "mean", [grouped], Kernel(5)), 8, 1);

        ProtocolLaw.AssertHolds(_graph);
    }

    // Two branches that see the same channels at other places: their kernels must not trade places.
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public void BranchesThatMoveApart_PermutedAndPlain_Agree(int first, int second)
    {
        Picture(6);
        var stem = Conv("stem", "x", 4, 3, kernel: 1);
        string[] branches = [.. new[] { first, second }.Select((dilation, i) => _graph.With(
            "Conv",
            $"branch_{i}",
            [stem, _graph.Weight($"w_branch_{i}", 4, 4, 3, 3)],
            NodeAttribute.Ints("pads", dilation, dilation, dilation, dilation),
            NodeAttribute.Ints("dilations", dilation, dilation)))];
        Flattened(_graph.Add("Add", "sum", branches), 4, 36);

        ProtocolLaw.AssertHolds(_graph);
    }

    // Alike branches that are added one after the other may trade places, pictures or not.
    [Fact]
    public void BranchesThatAreAlike_AsPictures_HaveTheClassesOfTheirCells()
    {
        Picture(4);
        var stem = Conv("stem", "x", 4, 3, kernel: 1);
        var sum = Conv("branch_0", stem, 4, 4, kernel: 3, pads: 1, bias: false);
        for (var branch = 1; branch < 3; branch++)
        {
            sum = _graph.Add(
                "Add", $"sum_{branch}", sum, Conv($"branch_{branch}", stem, 4, 4, kernel: 3, pads: 1, bias: false));
        }

        Flattened(sum, 4, 16);

        ProtocolLaw.AssertHolds(_graph);
    }

    [Theory]
    [InlineData("first")]
    [InlineData("last")]
    public void OneRowOfABatchUsedApart_PermutedAndPlain_Agree(string row)
    {
        Picture(4);
        var stem = Conv("stem", "x", 4, 3, kernel: 3, pads: 1);
        var rows = _graph.Add("Gather", "row", stem, _graph.Numbers(row == "first" ? 0 : -1));
        var one = Conv("one", rows, 4, 4, kernel: 1);
        Flattened(_graph.Add("Add", "sum", one, Conv("all", stem, 4, 4, kernel: 1)), 4, 16);

        ProtocolLaw.AssertHolds(_graph);
    }

    [Fact]
    public void LargerPicture_InsideConvolutions_TakesNoMoreNodes()
    {
        var (small, large) = (Segments(16), Segments(64));

        Assert.Equal(small, large);
    }

    // The client's part ends amid the picture: what it sends is one still, with an order of its channels.
    [Fact]
    public void LargerPicture_CutAfterItsStem_TakesNoMoreNodes()
    {
        var (small, large) = (LabelsOfParts(16), LabelsOfParts(64));

        Assert.Equal(small, large);
    }

    [Fact]
    public void Picture_CutAfterItsStem_HasTheClassesOfItsCells()
    {
        Stem(8);
        using var model = Cut();

        TwoForms.AssertAgree(model);
        var report = ModelInspector.Inspect(_graph.FilePath);
        Assert.Contains(report.Classes, one => one.Members.Any(member => member is { Name: "w_inner", Count: 6 }));
    }

    private static int LabelsOfParts(int side)
    {
        using var test = new FeatureMapTests();
        test.Stem(side);
        using var model = test.Cut();
        return SymmetryAnalysis.Of(model.Parts, model.Joins).Graph.Store.Count;
    }

    // A stem, a convolution and a pool down to four by four places.
    private void Stem(int side)
    {
        Picture(side);
        var active = _graph.Add("Relu", "active", Conv("stem", "x", 6, 3, kernel: 3, pads: 1));
        var inner = Conv("inner", active, 6, 6, kernel: 3, pads: 1);
        var strides = NodeAttribute.Ints("strides", side / 4, side / 4);
        Flattened(_graph.With("MaxPool", "pooled", [inner], Kernel(side / 4), strides), 6, 16);
    }

    private PlainModel Cut()
    {
        using (_graph.Save())
        {
        }

        var model = PlainModel.Open(_graph.FilePath);
        Assert.Contains(model.Part("vision").Graph.Node, node => node.OpType == "MaxPool");
        Assert.DoesNotContain(model.Parts[0].Graph.Node, node => node.OpType == "MaxPool");
        return model;
    }

    // A stem and a pool down to four by four places, whatever the picture.
    private static int Segments(int side)
    {
        using var test = new FeatureMapTests();
        test.Picture(side);
        var stem = test.Conv("stem", "x", 6, 3, kernel: 3, pads: 1);
        var active = test._graph.Add("Relu", "active", stem);
        var strides = NodeAttribute.Ints("strides", side / 4, side / 4);
        var pooled = test._graph.With("MaxPool", "pooled", [active], Kernel(side / 4), strides);
        test.Flattened(pooled, 6, 16);
        using var file = test._graph.Save();
        return SymmetryAnalysis.Of(file).Graph.Store.Count;
    }

    private void Picture(int side) => _graph.Input("x", "batch", 3, side, side);

    private string Conv(
        string name,
        string input,
        int channels,
        int inputs,
        int kernel,
        int strides = 1,
        int pads = 0,
        int groups = 1,
        bool bias = true)
    {
        string[] weights = [_graph.Weight($"w_{name}", channels, inputs, kernel, kernel)];
        return _graph.With(
            "Conv",
            name,
            [input, .. weights, .. bias ? [_graph.Weight($"b_{name}", channels)] : Array.Empty<string>()],
            NodeAttribute.Ints("pads", pads, pads, pads, pads),
            NodeAttribute.Ints("strides", strides, strides),
            NodeAttribute.Int("group", groups));
    }

    private void Flattened(string map, int channels, int places)
    {
        _graph.Add("Reshape", "flat", map, _graph.Graph.AddConstant("flat_shape", 0, channels, places));
        var order = NodeAttribute.Ints("perm", 0, 2, 1);
        _graph.With("Transpose", "turned", ["flat"], order);
        _graph.Add("MatMul", "y", "turned", _graph.Weight("w_y", channels, 5));
        _graph.Output("y", "batch", places, 5);
    }

    private static AttributeProto Kernel(int length) => NodeAttribute.Ints("kernel_shape", length, length);
}
