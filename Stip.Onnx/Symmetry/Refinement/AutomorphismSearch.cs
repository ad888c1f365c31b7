using System.Security.Cryptography;
using Stip.Keys.Permutations;

namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>
/// Draws a random automorphism: two copies of the graph are refined together, and until every cell holds one node of
/// each,
/// the smallest cell is matched at random, as a whole where the copies then still agree, else one member only.
/// </summary>
internal sealed class AutomorphismSearch
{
    // Draws before a class is held.
    private const int Attempts = 12;

    private readonly int _count;
    private readonly Partition _partition;
    private readonly Refiner _refiner;
    private readonly RandomNumberGenerator _random;
    private readonly PriorityQueue<int, (int Length, int Cell)> _open = new();

    private AutomorphismSearch(
        Adjacency graph, IReadOnlyList<int[]> classes, HashSet<int> held, RandomNumberGenerator random)
    {
        _count = graph.Count;
        _random = random;
        _partition = TwoCopies(graph, classes, held, out var areClasses);
        _refiner = new Refiner(graph, _partition);
        foreach (var cell in _partition.Cells())
        {
            Open(cell);
            if (!areClasses)
            {
                _refiner.Enqueue(cell);
            }
        }
    }

    /// <summary>Base-2 logarithm of the number of automorphisms that the draw chose among, about.</summary>
    private double Bits { get; set; }

    /// <summary>Draws an automorphism.</summary>
    /// <returns>For every node the node that it becomes, and the size of the choice in bits.</returns>
    public static (int[] Targets, double Bits) Draw(Adjacency graph, NodeClasses classes, RandomNumberGenerator random)
    {
        // A node that is like no other stays, and is tied to all members of a class alike: it decides nothing.
        int[] nodes = [.. Enumerable.Range(0, graph.Count).Where(node => !classes.IsAlone(node))];
        var ids = new int[graph.Count];
        Array.Fill(ids, -1);
        for (var id = 0; id < nodes.Length; id++)
        {
            ids[nodes[id]] = id;
        }

        var (targets, bits) = Draw(
            graph.Among(nodes, ids),
            [.. classes.Members().Where(members => members.Length > 1)
                .Select(members => Array.ConvertAll(members, node => ids[node]))],
            random);
        int[] all = [.. Enumerable.Range(0, graph.Count)];
        for (var id = 0; id < nodes.Length; id++)
        {
            all[nodes[id]] = nodes[targets[id]];
        }

        return (all, bits);
    }

    private static (int[] Targets, double Bits) Draw(
        Adjacency graph, IReadOnlyList<int[]> classes, RandomNumberGenerator random)
    {
        var held = new HashSet<int>();
        for (var attempt = 1; ; attempt++)
        {
            var search = new AutomorphismSearch(graph, classes, held, random);
            if (search.Solve() is not { } failed)
            {
                return (search.Targets(), search.Bits);
            }

            // Mostly an earlier choice was one that nothing completes, and another draw finds its way. A class whose
            // members look alike and never trade places is held where it is: always right.
            if (attempt % Attempts == 0)
            {
                held.Add(classes.Index().First(entry => entry.Item.Contains(failed)).Index);
            }
        }
    }

    // A segment becomes one of as many lanes, whatever looks alike cell by cell.
    private static Partition TwoCopies(
        Adjacency graph, IReadOnlyList<int[]> classes, HashSet<int> held, out bool areClasses)
    {
        var (items, next) = (new int[2 * graph.Count], 0);
        var lengths = new List<int>();
        areClasses = held.Count == 0;
        foreach (var (number, nodes) in classes.Index())
        {
            Array.Sort(Array.ConvertAll(nodes, graph.Lanes), nodes);
            for (var i = 0; i < nodes.Length; i++)
            {
                items[next++] = nodes[i];
                items[next++] = nodes[i] + graph.Count;
                var isNew = i > 0 && graph.Lanes(nodes[i]) != graph.Lanes(nodes[i - 1]);
                areClasses &= !isNew;
                if (i == 0 || isNew || held.Contains(number))
                {
                    lengths.Add(0);
                }

                lengths[^1] += 2;
            }
        }

        return new Partition(items, lengths);
    }

    // Null when done, else a node whose class has no match.
    private int? Solve()
    {
        _refiner.Run();
        OpenChanged();
        while (_open.TryDequeue(out var cell, out var key))
        {
            if (_partition.Length(cell) == key.Length && key.Length > 2 && !MatchWhole(cell) && !MatchOne(cell))
            {
                return _partition.Items(cell)[0] % _count;
            }
        }

        return null;
    }

    private bool MatchWhole(int cell)
    {
        var (left, right) = Copies(cell);
        UniformDraw.Shuffle(right.AsSpan(), _random);
        var mark = _partition.SplitCount;
        _partition.Pair(cell, left, right);
        for (var pairs = left.Length - 1; pairs > 0; pairs--)
        {
            _partition.Split(cell, 2 * pairs);
        }

        for (var start = cell; start < cell + (2 * left.Length); start += 2)
        {
            _refiner.Enqueue(start);
        }

        if (!Agrees(mark))
        {
            return false;
        }

        for (var choices = 2; choices <= left.Length; choices++)
        {
            Bits += Math.Log2(choices);
        }

        return true;
    }

    private bool MatchOne(int cell)
    {
        var (left, right) = Copies(cell);
        UniformDraw.Shuffle(right.AsSpan(), _random);
        foreach (var partner in right)
        {
            var mark = _partition.SplitCount;
            _partition.Swap(left[0], cell);
            _partition.Swap(partner, cell + 1);
            var rest = _partition.Split(cell, 2);
            _refiner.Enqueue(cell);
            Open(rest);
            if (Agrees(mark))
            {
                Bits += Math.Log2(left.Length);
                return true;
            }
        }

        return false;
    }

    private bool Agrees(int mark)
    {
        if (_refiner.Run())
        {
            OpenChanged();
            return true;
        }

        _refiner.Changed.Clear();
        _partition.UndoTo(mark, Open);
        return false;
    }

    private (int[] Left, int[] Right) Copies(int cell)
    {
        var items = _partition.Items(cell).ToArray();
        Array.Sort(items);
        return (items[..(items.Length / 2)], items[(items.Length / 2)..]);
    }

    private void OpenChanged()
    {
        foreach (var cell in _refiner.Changed)
        {
            Open(cell);
        }

        _refiner.Changed.Clear();
    }

    private void Open(int cell)
    {
        var length = _partition.Length(cell);
        if (length > 2)
        {
            _open.Enqueue(cell, (length, cell));
        }
    }

    private int[] Targets()
    {
        var targets = new int[_count];
        for (var node = 0; node < _count; node++)
        {
            var pair = _partition.Items(_partition.CellOf(node));
            targets[node] = pair[0] + pair[1] - node - _count;
        }

        return targets;
    }
}
