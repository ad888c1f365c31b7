using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Tests.Symmetry.Nodes;

public sealed class CellWiseTests
{
    private readonly NodeStore _store = new();

    [Fact]
    public void Ordered_OfLabelsThatGoUp_IsOneRun()
    {
        var (a, b) = (Atoms("a", 8), Atoms("b", 8));
        var before = _store.Runs.Count;

        var sums = CellWise.Ordered(_store, Kind("sum"), a, b);

        Assert.Equal(before + 1, _store.Runs.Count);
        Assert.Equal(Enumerable.Range(sums[0], 8), sums);
        Assert.Equal(sums, CellWise.Ordered(_store, Kind("sum"), a, b));
    }

    [Fact]
    public void Unordered_WithOperandsExchanged_IsTheSame()
    {
        var (a, b) = (Atoms("a", 8), Atoms("b", 8));

        Assert.Equal(
            CellWise.Unordered(_store, Kind("sum"), a, b), CellWise.Unordered(_store, Kind("sum"), b, a));
    }

    [Fact]
    public void Ordered_WithOneLabelForAll_KeepsTheRun()
    {
        var (a, factor) = (Atoms("a", 8), _store.Fresh(Kind("factor")));
        var before = _store.Runs.Count;

        var products = CellWise.Ordered(_store, Kind("product"), a, [factor]);

        Assert.Equal(before + 1, _store.Runs.Count);
        Assert.Equal(8, products.Distinct().Count());
    }

    [Fact]
    public void Ordered_OfLabelsThatStay_IsOneNode()
    {
        var label = _store.Fresh(Kind("x"));

        Assert.Single(CellWise.Ordered(_store, Kind("f"), [label, label, label]).Distinct());
    }

    [Fact]
    public void Ordered_OfLabelsThatGoDown_IsCellByCell()
    {
        var a = Atoms("a", 4);
        int[] down = [.. a.Reverse()];
        var before = _store.Runs.Count;

        CellWise.Ordered(_store, Kind("sum"), a, down);

        Assert.Equal(before + 4, _store.Runs.Count);
    }

    [Fact]
    public void Ordered_AcrossTwoRuns_DoesNotJoinThem()
    {
        int[] both = [.. Atoms("a", 3), .. Atoms("b", 3)];
        var before = _store.Runs.Count;

        CellWise.Ordered(_store, Kind("f"), both);

        Assert.Equal(before + 2, _store.Runs.Count);
    }

    [Fact]
    public void Fresh_OfTheSameLabels_IsNeverTheSame()
    {
        var label = _store.Fresh(Kind("x"));

        var nodes = CellWise.Fresh(_store, Kind("port"), [label, label, label]);

        var again = CellWise.Fresh(_store, Kind("port"), [label, label, label]);
        Assert.Equal(3, nodes.Concat(again).Distinct().Count() / 2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void LongestRun_LimitsEveryRun(int longestRun)
    {
        var store = new NodeStore(longestRun);
        var a = store.FreshRun(store.Kinds.Id("a"), 8);
        CellWise.Ordered(store, store.Kinds.Id("f"), a);
        CellWise.Fresh(store, store.Kinds.Id("port"), a);

        Assert.All(Enumerable.Range(0, store.Runs.Count), run => Assert.InRange(store.Runs.Lanes(run), 1, longestRun));
    }

    [Fact]
    public void Unordered_SetsWithTheSameMembers_AreTheSame()
    {
        var a = Atoms("a", 8);
        var set = _store.Unordered(Kind("set"), [.. a, a[2], a[3], a[4]]);

        Assert.Equal(set, _store.Unordered(Kind("set"), [.. a[2..5], .. a[4..], .. a[..4]]));
        Assert.Equal(set, _store.Unordered(Kind("set"), [.. a[..4], a[3], a[2], a[4], .. a[4..]]));
        Assert.NotEqual(set, _store.Unordered(Kind("set"), [.. a, a[2], a[3], a[5]]));
        Assert.NotEqual(set, _store.Unordered(Kind("set"), a));
    }

    [Fact]
    public void Ordered_OfPartedLanes_IsOneRunAsAWholeAndByHalves()
    {
        var store = new NodeStore(parted: new HashSet<int> { 0 });
        var a = store.FreshRun(store.Kinds.Id("a"), 8);

        var whole = CellWise.Ordered(store, store.Kinds.Id("whole"), a);

        Assert.Equal(2, store.Runs.Count);
        var evens = CellWise.Ordered(store, store.Kinds.Id("even"), [whole[0], whole[2], whole[4], whole[6]]);
        var odds = CellWise.Ordered(store, store.Kinds.Id("odd"), [whole[1], whole[3], whole[5], whole[7]]);
        Assert.Equal(4, store.Runs.Count);
        int[] inTurns = [.. evens.Zip(odds, (even, odd) => new[] { even, odd }).SelectMany(pair => pair)];
        var sum = CellWise.Unordered(store, store.Kinds.Id("sum"), a, inTurns);
        Assert.Equal(6, store.Runs.Count);
        Assert.Equal(8, sum.Distinct().Count());
        Assert.All(Enumerable.Range(0, 8), i => Assert.Equal([a[i], inTurns[i]], Children(store, sum[i])));
    }

    private static IEnumerable<int> Children(NodeStore store, int label)
    {
        var run = store.Runs.RunOf(label);
        var lane = label - store.Runs.First(run);
        return store.Runs.Children(run).ToArray().Select(child => child.Start + (child.Count > 1 ? lane : 0));
    }

    private int[] Atoms(string name, int count) => _store.FreshRun(Kind(name), count);

    private int Kind(string name) => _store.Kinds.Id(name);
}
