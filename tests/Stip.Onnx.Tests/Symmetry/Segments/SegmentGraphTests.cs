using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Segments;

namespace Stip.Onnx.Tests.Symmetry.Segments;

public sealed class SegmentGraphTests
{
    private readonly NodeStore _store = new();

    [Fact]
    public void Run_UsedAsAWhole_StaysOneSegment()
    {
        var a = Atoms(8);
        var f = CellWise.Ordered(_store, Kind("f"), a);
        _store.Unordered(Kind("set"), f);

        Assert.Equal([8], Lanes(a));
        Assert.Equal([8], Lanes(f));
    }

    [Fact]
    public void Cut_GoesUpAndDownLaneByLane()
    {
        var a = Atoms(8);
        var f = CellWise.Ordered(_store, Kind("f"), a);
        var g = CellWise.Ordered(_store, Kind("g"), f);
        _store.Unordered(Kind("set"), f.AsSpan(2..5));

        Assert.All(new[] { a, f, g }, labels => Assert.Equal([2, 3, 3], Lanes(labels)));
    }

    [Fact]
    public void Cut_ReachesNeighboursThroughWhatTheyShare()
    {
        var (a, b) = (Atoms(8), Atoms(8));
        var sum = CellWise.Unordered(_store, Kind("sum"), a, b);
        _store.Unordered(Kind("set"), a.AsSpan(..4));

        Assert.Equal([4, 4], Lanes(b));
        Assert.Equal([4, 4], Lanes(sum));
    }

    // The mean of all features, and the mean over one position of each.
    [Fact]
    public void SetOfAllLanes_AndSetsOfEachLane_AreTwoNodes()
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", 1, 6);
        var h = graph.Add("MatMul", "h", "x", graph.Weight("w", 6, 6));
        graph.Add("ReduceMean", "of_features", h, graph.Numbers(2));
        graph.Add("ReduceMean", "of_positions", h, graph.Numbers(1));
        var scaled = graph.Add("Mul", "scaled", "of_positions", graph.Weight("gamma", 6));
        graph.Add("Mul", "y", graph.Add("MatMul", "mixed", scaled, graph.Weight("w_y", 6, 5)), "of_features");
        graph.Output("y", "batch", 1, 5);

        ProtocolLaw.AssertHolds(graph);
    }

    [Fact]
    public void Lane_UsedAlone_IsCutOut()
    {
        var a = Atoms(8);
        _store.Ordered(Kind("f"), a[3]);

        Assert.Equal([3, 1, 4], Lanes(a));
    }

    [Fact]
    public void Halves_Exchanged_StayWhole()
    {
        var a = Atoms(8);
        var sum = CellWise.Ordered(_store, Kind("sum"), a, [.. a[4..], .. a[..4]]);

        Assert.Equal([4, 4], Lanes(a));
        Assert.Equal([4, 4], Lanes(sum));
    }

    [Fact]
    public void Lanes_ShiftedAgainstThemselves_FallApart()
    {
        var a = Atoms(8);
        CellWise.Ordered(_store, Kind("sum"), a, [.. a[1..], a[0]]);

        Assert.Equal(Enumerable.Repeat(1, 8), Lanes(a));
    }

    [Fact]
    public void Lanes_OfTwoAlignments_FallApart()
    {
        var (a, b) = (Atoms(6), Atoms(6));
        CellWise.Ordered(_store, Kind("f"), a, b);
        CellWise.Ordered(_store, Kind("g"), a, [.. b[1..], b[0]]);

        Assert.Equal(Enumerable.Repeat(1, 6), Lanes(a));
        Assert.Equal(Enumerable.Repeat(1, 6), Lanes(b));
    }

    [Fact]
    public void EqualParts_MadeApart_BecomeOneNode()
    {
        var a = Atoms(8);
        var whole = CellWise.Ordered(_store, Kind("f"), a);
        var part = CellWise.Ordered(_store, Kind("f"), a[2..6]);
        var graph = new SegmentGraph(_store);

        Assert.NotEqual(whole[2], part[0]);
        Assert.Equal(graph.Of(whole[2]), graph.Of(part[0]));
        Assert.NotEqual(graph.Of(whole[0]).Node, graph.Of(part[0]).Node);
    }

    [Fact]
    public void OverlappingParts_AreCutWhereEitherEnds()
    {
        var a = Atoms(9);
        _store.Unordered(Kind("set"), a.AsSpan(..6));
        _store.Unordered(Kind("set"), a.AsSpan(3..));

        Assert.Equal([3, 3, 3], Lanes(a));
    }

    [Fact]
    public void Cut_OfAChildOfManyParts_ReachesTheRightOne()
    {
        var a = Atoms(12);
        int[][] parts = [.. Enumerable.Range(0, 3).Select(i =>
            CellWise.Ordered(_store, Kind($"f{i}"), a[(4 * i)..((4 * i) + 4)]))];
        _store.Ordered(Kind("one"), a[5]);

        Assert.Equal([4], Lanes(parts[0]));
        Assert.Equal([1, 1, 2], Lanes(parts[1]));
        Assert.Equal([4], Lanes(parts[2]));
    }

    private int[] Atoms(int count) => _store.FreshRun(Kind("atom"), count);

    private int Kind(string name) => _store.Kinds.Id(name);

    private List<int> Lanes(int[] labels)
    {
        var graph = new SegmentGraph(_store);
        var starts = labels.Select(graph.Of).Where(place => place.Lane == 0);
        return [.. starts.Select(place => graph.Lanes(place.Node))];
    }
}
