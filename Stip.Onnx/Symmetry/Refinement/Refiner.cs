namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>
/// Splits cells until all items of a cell have the same neighbourhood, counted by cell and role: colour refinement with a
/// work list, in about m log n steps. Over two copies of a graph (item v and its copy v + n) it also watches that every
/// cell keeps as many items of one as of the other.
/// </summary>
internal sealed class Refiner(Adjacency graph, Partition partition)
{
    private readonly ulong[] _sums = new ulong[partition.ItemCount];
    private readonly bool[] _isTouched = new bool[partition.ItemCount];
    private readonly List<int> _touched = [];
    private readonly Queue<int> _queue = new();
    private readonly bool[] _isQueued = new bool[partition.ItemCount];
    private readonly bool _hasTwoCopies = partition.ItemCount > graph.Count;

    /// <summary>Cells made since the list was last cleared.</summary>
    public List<int> Changed { get; } = [];

    /// <summary>Has a cell looked at by the next <see cref="Run"/>.</summary>
    public void Enqueue(int cell)
    {
        if (!_isQueued[cell])
        {
            _isQueued[cell] = true;
            _queue.Enqueue(cell);
        }
    }

    /// <summary>Refines until nothing splits.</summary>
    /// <returns>False where the two copies no longer agree; the caller then undoes the splits.</returns>
    public bool Run()
    {
        var agrees = true;
        while (_queue.TryDequeue(out var cell))
        {
            _isQueued[cell] = false;
            if (agrees)
            {
                Count(cell);
                agrees = SplitTouched();
            }
        }

        return agrees;
    }

    private void Count(int splitter)
    {
        foreach (var item in partition.Items(splitter))
        {
            var shift = item >= graph.Count ? graph.Count : 0;
            var neighbours = graph.Neighbours(item - shift);
            var roles = graph.Roles(item - shift);
            for (var i = 0; i < neighbours.Length; i++)
            {
                var neighbour = neighbours[i] + shift;
                if (!_isTouched[neighbour])
                {
                    if (!_hasTwoCopies && partition.Length(partition.CellOf(neighbour)) == 1)
                    {
                        continue;
                    }

                    _isTouched[neighbour] = true;
                    _touched.Add(neighbour);
                }

                _sums[neighbour] += graph.WeightOf(roles[i]);
            }
        }
    }

    private bool SplitTouched()
    {
        var items = _touched.ToArray();
        _touched.Clear();
        var keys = Array.ConvertAll(items, item => (partition.CellOf(item), _sums[item]));
        foreach (var item in items)
        {
            _sums[item] = 0;
            _isTouched[item] = false;
        }

        Array.Sort(keys, items);
        var agrees = true;
        for (int first = 0, next; first < items.Length && agrees; first = next)
        {
            for (next = first + 1; next < items.Length && keys[next].Item1 == keys[first].Item1; next++)
            {
            }

            agrees = SplitCell(keys[first].Item1, items.AsSpan(first, next - first), keys.AsSpan(first, next - first));
        }

        return agrees;
    }

    // The touched items of one cell, sorted by what their neighbours add up to.
    private bool SplitCell(int cell, ReadOnlySpan<int> items, ReadOnlySpan<(int Cell, ulong Sum)> keys)
    {
        var untouched = partition.Length(cell) - items.Length;
        if (untouched == 0 && keys[0].Sum == keys[^1].Sum)
        {
            return true;
        }

        for (var i = 0; i < items.Length; i++)
        {
            partition.Swap(items[i], cell + untouched + i);
        }

        var parts = new List<int> { cell };
        var current = cell;
        for (var i = untouched == 0 ? 1 : 0; i < items.Length; i++)
        {
            if (i == 0 || keys[i].Sum != keys[i - 1].Sum)
            {
                current = partition.Split(current, cell + untouched + i - current);
                parts.Add(current);
            }
        }

        Announce(parts);
        return !_hasTwoCopies || parts.TrueForAll(IsBalanced);
    }

    // Of the parts of a cell that has been looked at, all but the largest tell everything.
    private void Announce(List<int> parts)
    {
        var spared = _isQueued[parts[0]] ? -1 : parts.MaxBy(partition.Length);
        foreach (var part in parts)
        {
            Changed.Add(part);
            if (part != spared)
            {
                Enqueue(part);
            }
        }
    }

    private bool IsBalanced(int cell)
    {
        var balance = 0;
        foreach (var item in partition.Items(cell))
        {
            balance += item < graph.Count ? 1 : -1;
        }

        return balance == 0;
    }
}
