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

    private AutomorphismSearch(MovingPart nodes, HashSet<int> held, RandomNumberGenerator random)
    {
        _count = nodes.Graph.Count;
        _random = random;
        _partition = TwoCopies(nodes, held, out var areClasses);
        _refiner = new Refiner(nodes.Graph, _partition);
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
    public static (int[] Targets, double Bits) Draw(MovingPart nodes, RandomNumberGenerator random)
    {
        var held = new HashSet<int>();
        for (var attempt = 1; ; attempt++)
        {
            var search = new AutomorphismSearch(nodes, held, random);
            if (search.Solve() is not { } failed)
            {
                return (search.Targets(), search.Bits);
            }

            // Mostly an earlier choice was one that nothing completes, and another draw finds its way. A class whose
            // members look alike and never trade places is held where it is: always right.
            if (attempt % Attempts == 0)
            {
                held.Add(Enumerable.Range(0, nodes.ClassCount).First(number => nodes.Class(number).Contains(failed)));
            }
        }
    }

    private static Partition TwoCopies(MovingPart nodes, HashSet<int> held, out bool areClasses)
    {
        var graph = nodes.Graph;
        var (items, next) = (new int[2 * graph.Count], 0);
        var lengths = new List<int>();
        areClasses = held.Count == 0;
        for (var number = 0; number < nodes.ClassCount; number++)
        {
            var members = nodes.Class(number);
            for (var i = 0; i < members.Length; i++)
            {
                items[next++] = members[i];
                items[next++] = members[i] + graph.Count;
                var isNew = i > 0 && graph.Lanes(members[i]) != graph.Lanes(members[i - 1]);
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
