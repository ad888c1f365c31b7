using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Rows of pictures of which a label stands for all positions: attention within windows costs no node for
/// each of them, and nothing that meets other positions trades places.</summary>
public sealed class PlacedValueTests : IDisposable
{
    private const int Hidden = 8;

    private readonly SmallGraph _graph = new();

    public void Dispose() => _graph.Dispose();

    [Fact]
    public void WindowsOfPatches_PermutedAndPlain_Agree()
    {
        var rows = Windowed(Rows(4), 4);
        Finish(rows, 4);

        ProtocolLaw.AssertHolds(_graph);
    }

    [Fact]
    public void WindowsOfPatches_CutAfterTheirRows_HaveTheClassesOfTheirCells()
    {
        Finish(Windowed(Rows(4), 4), 4);
        using (_graph.Save())
        {
        }

        using var model = PlainModel.Open(_graph.FilePath);
        TwoForms.AssertAgree(model);
    }

    [Fact]
    public void LargerPicture_CutIntoMoreWindows_TakesNoMoreNodes() => Assert.Equal(Labels(16), Labels(32));

    // Four neighbours become one row of four times the features, which is normed and made narrower: Swin.
    [Fact]
    public void PatchesThatAreMerged_PermutedAndPlain_Agree()
    {
        Finish(Merged(Rows(4), 4), 4, positions: 4);

        ProtocolLaw.AssertHolds(_graph);
    }

    // As PyTorch masks shifted windows: regions are drawn on zeros, and those that differ do not see each other.
    [Fact]
    public void MaskDrawnOnZeros_IsNumbersAsThoseOfAnyMask()
    {
        Finish(Windowed(Rows(4), 4, isMasked: true), 4);

        ProtocolLaw.AssertHolds(_graph);
        using var file = ModelFile.Load(_graph.FilePath);
        Assert.All(
            SymmetryAnalysis.Of(file).Graph.Parts.SelectMany(part => part.Weights),
            weight => Assert.NotEqual([16], weight.Shape));
    }

    // Pixels are laid beside each other by reshapes, as those of a patch are for a matrix.
    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void PixelsThatAreLaidOut_CutAfterTheirRows_HaveTheClassesOfTheirCells(int side)
    {
        Finish(Merged(Unfolded(side), side), side, positions: side * side / 4);
        using (_graph.Save())
        {
        }

        using var model = PlainModel.Open(_graph.FilePath);
        TwoForms.AssertAgree(model);
    }

    [Theory]
    [InlineData("ReduceMean")]
    [InlineData("GlobalAveragePool")]
    [InlineData("GlobalMaxPool")]
    public void LargerPicture_WhosePatchesAreLaidOutAndMerged_TakesNoMoreNodes(string pool) =>
        Assert.Equal(Merged(16, pool), Merged(32, pool));

    // Rows of the left and the right half, or every second one, through matrices of their own.
    [Theory]
    [InlineData(0, 8, 8, 16, 1)]
    [InlineData(0, 16, 1, 16, 2)]
    public void PartsOfPositionsUsedApart_PermutedAndPlain_Agree(int first, int end, int second, int last, int step)
    {
        var rows = Rows(4);
        string[] parts = [.. new[] { (first, end), (second, last) }.Select((part, i) => _graph.Add(
            "MatMul",
            $"part_{i}",
            Slice($"rows_{i}", rows, part.Item1, part.Item2, step),
            _graph.Weight($"w_part_{i}", Hidden, Hidden)))];
        Finish(_graph.Add("Add", "both", parts), 4, positions: 8);

        ProtocolLaw.AssertHolds(_graph);
    }

    // What is added at each position is of a table, of numbers, and of the other direction of the picture.
    [Fact]
    public void PositionsWithNumbersOfTheirOwn_PermutedAndPlain_Agree()
    {
        var rows = _graph.Add("Add", "positioned", Rows(4), _graph.Weight("positions", 1, 16, Hidden));
        var grid = Reshape("grid", rows, 0, 4, 4, Hidden);
        var down = _graph.Add("Add", "down", grid, _graph.Weight("side", 4, 1, Hidden));
        var across = _graph.Add("Add", "across", down, _graph.Weight("other", 1, 4, Hidden));
        var turned = _graph.With("Transpose", "turned", [across], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        var sum = _graph.Add("Add", "sum", turned, Projected("mixed", grid));
        Finish(Reshape("flat_grid", sum, 0, 16, Hidden), 4);

        ProtocolLaw.AssertHolds(_graph);
    }

    private static int Merged(int side, string pool)
    {
        using var test = new PlacedValueTests();
        var graph = test._graph;
        var rows = test.Merged(test.Unfolded(side), side);
        var turned = graph.With("Transpose", "columns", [rows], NodeAttribute.Ints("perm", 0, 2, 1));
        var mean = pool == "ReduceMean"
            ? graph.With(pool, "mean", [turned, graph.Numbers(2)], NodeAttribute.Int("keepdims", 1))
            : graph.Add(pool, "mean", turned);
        graph.Add("MatMul", "y", test.Reshape("flat_mean", mean, -1, Hidden), graph.Weight("w_y", Hidden, 5));
        graph.Output("y", "batch", 5);
        using (graph.Save())
        {
        }

        using var model = PlainModel.Open(graph.FilePath);
        return SymmetryAnalysis.Of(model.Parts, model.Joins).Graph.Store.Count;
    }

    private static int Labels(int side)
    {
        using var test = new PlacedValueTests();
        var rows = test.Windowed(test.Rows(side), side);
        test._graph.With("ReduceMean", "mean", [rows, test._graph.Numbers(1)], NodeAttribute.Int("keepdims", 0));
        test._graph.Add("MatMul", "y", "mean", test._graph.Weight("w_y", Hidden, 5));
        test._graph.Output("y", "batch", 5);
        using var file = test._graph.Save();
        return SymmetryAnalysis.Of(file).Graph.Store.Count;
    }

    // Patches of two by two pixels, [batch, side · side, hidden].
    private string Rows(int side)
    {
        _graph.Input("x", "batch", 3, 2 * side, 2 * side);
        var patches = _graph.With(
            "Conv", "patches", ["x", _graph.Weight("w_patches", Hidden, 3, 2, 2)], NodeAttribute.Ints("strides", 2, 2));
        var flat = Reshape("flat", patches, 0, Hidden, side * side);
        return _graph.With("Transpose", "rows", [flat], NodeAttribute.Ints("perm", 0, 2, 1));
    }

    // The same patches without a convolution.
    private string Unfolded(int side)
    {
        _graph.Input("x", "batch", 3, 2 * side, 2 * side);
        var pixels = _graph.With(
            "Transpose", "pixels", [Reshape("apart", "x", -1, 3, side, 2, side, 2)],
            NodeAttribute.Ints("perm", 0, 2, 4, 1, 3, 5));
        return _graph.Add(
            "MatMul", "rows", Reshape("laid", pixels, 0, -1, 12), _graph.Weight("w_patches", 12, Hidden));
    }

    private string Merged(string rows, int side)
    {
        var fours = _graph.With(
            "Transpose", "fours", [Reshape("grid_of_fours", rows, -1, side / 2, 2, side / 2, 2, Hidden)],
            NodeAttribute.Ints("perm", 0, 1, 3, 2, 4, 5));
        var wide = _graph.Add(
            "LayerNormalization",
            "wide",
            Reshape("merged", fours, 0, -1, 4 * Hidden),
            _graph.Weight("gamma", 4 * Hidden),
            _graph.Weight("beta", 4 * Hidden));
        return _graph.Add("MatMul", "narrow", wide, _graph.Weight("w_narrow", 4 * Hidden, Hidden));
    }

    // Filled up by a row, cut into windows of two by two, attention of two heads within each, back and added.
    private string Windowed(string rows, int side, bool isMasked = false)
    {
        long[] order = [.. Enumerable.Range(0, side * side).Select(place => (long)(
            (((place / 4 / (side / 2) * 2) + (place % 4 / 2)) * side)
            + (place / 4 % (side / 2) * 2) + (place % 2)))];
        var places = new long[order.Length];
        foreach (var (place, patch) in order.Index())
        {
            places[patch] = place;
        }

        var filled = _graph.Add("Pad", "filled", rows, _graph.Numbers(0, 0, 0, 0, 1, 0));
        var picked = _graph.With("Gather", "picked", [filled, _graph.Numbers(order)], NodeAttribute.Int("axis", 1));
        var windows = Reshape("windows", picked, -1, 4, Hidden);
        string[] heads = [.. new[] { "q", "k", "v" }.Select(name => _graph.With(
            "Transpose",
            $"{name}_heads",
            [Reshape($"{name}_split", Projected(name, windows), 0, 4, 2, 4)],
            NodeAttribute.Ints("perm", 0, 2, 1, 3)))];
        var keys = _graph.With("Transpose", "keys", [heads[1]], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        var biased = _graph.Add(
            "Add", "biased", _graph.Add("MatMul", "scores", heads[0], keys), _graph.Weight("bias", 2, 4, 4));
        if (isMasked)
        {
            var split = Reshape("by_picture", biased, -1, side * side / 4, 2, 4, 4);
            biased = Reshape("masked", _graph.Add("Add", "with_mask", split, Mask(order)), -1, 2, 4, 4);
        }

        var shares = _graph.With("Softmax", "shares", [biased], NodeAttribute.Int("axis", -1));
        var mixed = _graph.Add("MatMul", "mix", shares, heads[2]);
        var joined = _graph.With("Transpose", "joined", [mixed], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        var given = Projected("given", Reshape("all", joined, -1, side * side, Hidden));
        var back = _graph.With("Gather", "back", [given, _graph.Numbers(places)], NodeAttribute.Int("axis", 1));
        return _graph.Add("Add", "residual", rows, back);
    }

    // Of four rows the first is a region of its own: [windows, 1, 4, 4].
    private string Mask(long[] order)
    {
        var zeros = _graph.Floats(new float[order.Length]);
        var drawn = _graph.Add(
            "ScatterND",
            "drawn",
            zeros,
            Reshape("places", _graph.Numbers(0, 1, 2, 3), -1, 1),
            _graph.With("Expand", "region", [_graph.Number(1), _graph.Numbers(4)]));
        var windows = _graph.With("Gather", "regions", [drawn, _graph.Numbers(order)], NodeAttribute.Int("axis", 0));
        var difference = _graph.Add(
            "Sub",
            "difference",
            Reshape("queries_of_regions", windows, -1, 1, 4, 1),
            Reshape("keys_of_regions", windows, -1, 1, 1, 4));
        var alike = _graph.Add("Equal", "alike", difference, _graph.Number(0));
        return _graph.Add("Where", "mask", alike, _graph.Number(0), _graph.Number(-100));
    }

    private void Finish(string rows, int side, int positions = 0)
    {
        _graph.Add("MatMul", "y", rows, _graph.Weight("w_y", Hidden, 5));
        _graph.Output("y", "batch", positions > 0 ? positions : side * side, 5);
    }

    private string Projected(string name, string rows) =>
        _graph.Add("MatMul", name, rows, _graph.Weight($"w_{name}", Hidden, Hidden));

    private string Slice(string name, string rows, int start, int end, int step) => _graph.Add(
        "Slice",
        name,
        rows,
        _graph.Numbers(start),
        _graph.Numbers(end),
        _graph.Numbers(1),
        _graph.Numbers(step));

    private string Reshape(string name, string value, params long[] shape) =>
        _graph.Add("Reshape", name, value, _graph.Numbers(shape));
}
