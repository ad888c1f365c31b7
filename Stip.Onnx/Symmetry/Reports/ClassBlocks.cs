using Stip.Onnx.Symmetry.Refinement;
using Stip.Onnx.Symmetry.Segments;

namespace Stip.Onnx.Symmetry.Reports;

/// <summary>
/// Parts of a class that stay together whatever the key: the channels of a head, the heads of a group, positions in a
/// block of few bits. One member is told apart from the rest, and the others fall into those that still look alike:
/// its block, and the blocks around it.
/// </summary>
internal sealed class ClassBlocks
{
    private readonly NodeClasses _classes;
    private readonly LaneComponents _components;
    private readonly Adjacency _graph;
    private readonly Partition _partition;
    private readonly Refiner _refiner;
    private readonly Dictionary<int, int[]> _members = [];

    public ClassBlocks(Adjacency graph, NodeClasses classes, LaneComponents components)
    {
        (_graph, _classes, _components) = (graph, classes, components);
        var (items, lengths) = (new List<int>(graph.Count), new List<int>());
        foreach (var members in classes.Members())
        {
            items.AddRange(members);
            lengths.Add(members.Length);
            if (members.Length > 1)
            {
                _members[classes.ClassOf(members[0], 0)] = members;
            }
        }

        _partition = new Partition([.. items], lengths);
        _refiner = new Refiner(graph, _partition);
    }

    /// <summary>Sizes of the blocks in the class of a node, ascending: each divides the size of the class, and is
    /// neither one nor all of it.</summary>
    /// <param name="node">A node of the segment graph.</param>
    public IReadOnlyList<int> SizesOf(int node)
    {
        if (Peers(node) is not { } members)
        {
            return [];
        }

        var lanes = _graph.Lanes(node);
        if (!Array.TrueForAll(members, member => _graph.Lanes(member) == lanes))
        {
            return [];
        }

        var width = _classes.IsHeld(node) ? 1 : lanes;
        var around = Around(members, node);
        var sizes = new SortedSet<int>();
        foreach (var block in Candidates(around, node, members.Length).Where(block => IsBlock(members, node, block)))
        {
            sizes.Add(block.Count * width);
        }

        if (width > 1)
        {
            sizes.Add(width);
        }

        return [.. sizes];
    }

    /// <summary>Smaller classes that a member of this one decides: its rotary frequency, where it is a channel.
    /// </summary>
    /// <param name="node">A node of the class.</param>
    /// <param name="others">Numbers of smaller classes.</param>
    /// <param name="nodeOf">A node of such a class.</param>
    public IReadOnlyList<int> DecidedBy(int node, IEnumerable<int> others, Func<int, int> nodeOf)
    {
        var mark = _partition.SplitCount;
        if (Peers(node) is not null)
        {
            TellApart(node);
        }

        List<int> decided = [.. others.Where(other =>
            (Peers(nodeOf(other)) ?? [nodeOf(other)]) is var peers && Array.Exists(peers, IsDecided))];
        _partition.UndoTo(mark, _ => { });
        return decided;

        // The only one of its kind now, and its lanes, where it has any, those of the member.
        bool IsDecided(int peer) => _partition.Length(_partition.CellOf(peer)) == 1
            && (_graph.Lanes(peer) == 1
                || (_graph.Lanes(node) > 1 && _components.Of(peer) == _components.Of(node)));
    }

    private int[]? Peers(int node) => _members.GetValueOrDefault(_classes.ClassOf(node, 0));

    private void TellApart(int node)
    {
        var cell = _partition.CellOf(node);
        if (_partition.Length(cell) > 1)
        {
            _partition.Swap(node, cell);
            _partition.Split(cell, 1);
            _refiner.Enqueue(cell);
            _refiner.Run();
        }
    }

    // What the other members look like once one is told apart.
    private List<HashSet<int>> Around(int[] members, int node)
    {
        var mark = _partition.SplitCount;
        TellApart(node);
        List<HashSet<int>> parts = [.. members.Where(member => member != node).GroupBy(_partition.CellOf)
            .Select(part => part.ToHashSet()).OrderBy(part => part.Count)];
        _partition.UndoTo(mark, _ => { });
        return parts;
    }

    // What looks alike and the nearer parts before it, or it alone: a class may have blocks of two kinds, by heads and
    // by rotary frequencies.
    private static IEnumerable<HashSet<int>> Candidates(List<HashSet<int>> around, int node, int all)
    {
        var inner = new HashSet<int> { node };
        foreach (var part in around)
        {
            inner.UnionWith(part);
            foreach (var block in new[] { [.. inner], part.Append(node).ToHashSet() })
            {
                if (all % block.Count == 0 && block.Count < all)
                {
                    yield return block;
                }
            }
        }
    }

    // A block looks like one from each of its members.
    private bool IsBlock(int[] members, int node, HashSet<int> block) =>
        Around(members, block.First(member => member != node))
            .Where(part => part.Overlaps(block)).All(part => part.IsSubsetOf(block));
}
