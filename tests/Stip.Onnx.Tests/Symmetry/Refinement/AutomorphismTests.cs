using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Refinement;
using Stip.Onnx.Symmetry.Segments;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Symmetry.Refinement;

public sealed class AutomorphismTests
{
    private readonly NodeStore _store = new();

    [Fact]
    public void Lanes_ThatHangTogether_MoveByOnePermutation()
    {
        var a = _store.FreshRun(Kind("a"), 9);
        var f = CellWise.Ordered(_store, Kind("f"), a);

        var (targets, bits) = Draw(seed: 1);

        var moved = Array.ConvertAll(a, label => targets[label] - a[0]);
        Assert.Equal(Enumerable.Range(0, 9), moved.Order());
        Assert.NotEqual(Enumerable.Range(0, 9), moved);
        Assert.Equal(moved, Array.ConvertAll(f, label => targets[label] - f[0]));
        Assert.Equal(Math.Log2(362880), bits, 1e-9);
    }

    [Fact]
    public void Lanes_OnPlaces_Stay()
    {
        var a = _store.FreshRun(Kind("a"), 9);
        CellWise.Ordered(_store, Kind("pin"), a, _store.Places(9));

        var (targets, bits) = Draw(seed: 1);

        Assert.All(a, label => Assert.Equal(label, targets[label]));
        Assert.Equal(0, bits);
    }

    [Fact]
    public void Segments_ThatTradePlaces_TakeTheirLanesAlong()
    {
        // Three heads of four channels: 3! · (4!)³ maps.
        var heads = Enumerable.Range(0, 3).Select(_ => _store.FreshRun(Kind("channel"), 4)).ToArray();
        int[] scores = [.. heads.Select(head => _store.Unordered(Kind("score"), head))];
        _store.Unordered(Kind("all"), scores);

        var found = new HashSet<string>();
        for (var seed = 0; seed < 400; seed++)
        {
            var (targets, bits) = Draw(seed);
            var owners = Array.ConvertAll(scores, score => Array.IndexOf(scores, targets[score]));
            Assert.Equal(Math.Log2(6 * Math.Pow(24, 3)), bits, 1e-9);
            Assert.All(heads.Zip(owners), pair => Assert.Equal(
                heads[pair.Second].Order(), pair.First.Select(label => targets[label]).Order()));
            found.Add(string.Join(',', owners));
        }

        Assert.Equal(6, found.Count);
    }

    [Fact]
    public void EveryOrderOfLanes_IsDrawnEquallyOften()
    {
        var a = _store.FreshRun(Kind("a"), 3);
        const int Draws = 6000;

        var counts = Enumerable.Range(0, Draws)
            .Select(seed => Draw(seed).Targets)
            .GroupBy(targets => string.Join(',', a.Select(label => targets[label])))
            .Select(group => group.Count())
            .ToArray();

        // Five standard deviations of a count around 1,000: 29 each.
        Assert.Equal(6, counts.Length);
        Assert.All(counts, count => Assert.InRange(count, 1000 - 145, 1000 + 145));
    }

    [Fact]
    public void BlocksThatShareNoMover_AreDrawnApart()
    {
        // Two blocks of three heads over one residual stream: heads trade places within their block.
        var stream = _store.FreshRun(Kind("stream"), 5);
        int[][][] blocks = [.. new[] { "first", "second" }.Select(block => Enumerable.Range(0, 3)
            .Select(_ => _store.FreshRun(Kind($"channel {block}"), 4)).ToArray())];
        foreach (var head in blocks.SelectMany(block => block))
        {
            _store.Unordered(Kind("dense"), [_store.Unordered(Kind("row"), stream), .. head]);
        }

        var (moving, automorphism, bits) = Drawn(seed: 3);

        Assert.Equal(2, moving.PartCount);
        Assert.All(blocks, block => Assert.Equal(
            block.SelectMany(head => head).Order(),
            block.SelectMany(head => head).Select(label => automorphism[label]).Order()));
        Assert.All(blocks.SelectMany(block => block), head => Assert.Contains(
            blocks.SelectMany(block => block), other => head.Select(label => automorphism[label]).Order()
                .SequenceEqual(other.Order())));

        // 3! twice, 4! for each of six heads, 5!.
        Assert.Equal((2 * Math.Log2(6)) + (6 * Math.Log2(24)) + Math.Log2(120), bits, 9);
    }

    private (Automorphism Targets, double Bits) Draw(int seed)
    {
        var (_, automorphism, bits) = Drawn(seed);
        return (automorphism, bits);
    }

    private (MovingNodes Moving, Automorphism Targets, double Bits) Drawn(int seed)
    {
        var graph = new SegmentGraph(_store);
        var (adjacency, components) = (new Adjacency(graph), new LaneComponents(graph));
        var classes = NodeClasses.Find(graph, components, adjacency);
        var random = new SeededRandom(seed);
        var moving = new MovingNodes(adjacency, classes);
        var (targets, bits) = moving.Draw(random);
        var automorphism = new Automorphism(graph, components, targets, random);
        return (moving, automorphism, bits + automorphism.LaneBits);
    }

    private int Kind(string name) => _store.Kinds.Id(name);
}
