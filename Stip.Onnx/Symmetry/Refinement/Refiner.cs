namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>
/// Splits cells until all items of a cell have the same neighbourhood, counted by cell and role: colour refinement
/// with a
/// work list, in about m log n steps. Over two copies of a graph (item v and its copy v + n) it also watches that every
/// cell keeps as many items of one as of the other.
/// </summary>
internal sealed class Refiner(Adjacency graph, Partition partition)
{
    private readonly ulong[] _sums = new ulong[partition.ItemCount];
    private readonly int[] _touchedCounts = new int[partition.ItemCount];
    private readonly bool[] _isQueued = new bool[partition.ItemCount];
    private readonly List<int> _queue = [];
    private readonly List<int> _touchedCells = [];
    private readonly List<int> _starts = [];
    private readonly bool _hasTwoCopies = partition.ItemCount > graph.Count;
    private ulong[] _keys = new ulong[16];
    private int[] _items = new int[16];

    /// <summary>Cells of two copies made since the list was last cleared.</summary>
    public List<int> Changed { get; } = [];

    /// <summary>Has a cell looked at by the next <see cref="Run"/>.</summary>
    public void Enqueue(int cell)
    {
        if (!_isQueued[cell])
        {
            _isQueued[cell] = true;
            _queue.Add(cell);
        }
    }

    /// <summary>Refines until nothing splits.</summary>
    /// <returns>False where the two copies no longer agree; the caller then undoes the splits.</returns>
    public bool Run()
    {
        var agrees = true;
        while (agrees && _queue.Count > 0)
        {
            Count();
            agrees = SplitTouched();
        }

        foreach (var cell in _queue)
        {
            _isQueued[cell] = false;
        }

        _queue.Clear();
        return agrees;
    }

    // All waiting cells at once: each adds multiples of its own colour, so that their counts stay apart in one sum.
    private void Count()
    {
        foreach (var cell in _queue)
        {
            _isQueued[cell] = false;
            var items = partition.Items(cell);
            if (_items.Length < items.Length)
            {
                _items = new int[Math.Max(items.Length, 2 * _items.Length)];
            }

            // Counting moves items within their cells.
            items.CopyTo(_items);
            Count(_items.AsSpan(0, items.Length), Adjacency.Mix((ulong)cell + 1));
        }

        _queue.Clear();
    }

    private void Count(ReadOnlySpan<int> items, ulong colour)
    {
        foreach (var item in items)
        {
            var shift = item >= graph.Count ? graph.Count : 0;
            var neighbours = graph.Neighbours(item - shift);
            var first = graph.FirstEdge(item - shift);
            for (var i = 0; i < neighbours.Length; i++)
            {
                var neighbour = neighbours[i] + shift;
                var cell = partition.CellOf(neighbour);
                if (!_hasTwoCopies && partition.Length(cell) == 1)
                {
                    continue;
                }

                Touch(neighbour, cell);
                _sums[neighbour] += graph.WeightOf(graph.Role(first + i)) * colour
                    * (ulong)graph.Meets(neighbours[i], item - shift);
            }
        }
    }

    // Touched items gather at the end of their cell.
    private void Touch(int item, int cell)
    {
        var firstTouched = cell + partition.Length(cell) - _touchedCounts[cell];
        if (partition.PlaceOf(item) < firstTouched)
        {
            partition.Swap(item, firstTouched - 1);
            if (_touchedCounts[cell]++ == 0)
            {
                _touchedCells.Add(cell);
            }
        }
    }

    private bool SplitTouched()
    {
        var agrees = true;
        foreach (var cell in _touchedCells)
        {
            var touched = _touchedCounts[cell];
            _touchedCounts[cell] = 0;
            var keys = Keys(cell, touched);
            if (agrees)
            {
                agrees = _hasTwoCopies && partition.Length(cell) == 2
                    ? touched == 2 && keys[0] == keys[1]
                    : SplitCell(cell, touched, keys);
            }
        }

        _touchedCells.Clear();
        return agrees;
    }

    // The sums of a cell's touched items, which are set back for the next batch.
    private Span<ulong> Keys(int cell, int touched)
    {
        if (_keys.Length < touched)
        {
            _keys = new ulong[touched * 2];
        }

        var items = partition.Items(cell)[^touched..];
        for (var i = 0; i < touched; i++)
        {
            _keys[i] = _sums[items[i]];
            _sums[items[i]] = 0;
        }

        return _keys.AsSpan(0, touched);
    }

    private bool SplitCell(int cell, int touched, Span<ulong> keys)
    {
        var untouched = partition.Length(cell) - touched;
        if (!keys.ContainsAnyExcept(keys[0]))
        {
            if (untouched == 0)
            {
                return true;
            }
        }
        else
        {
            partition.SortTail(cell, keys);
        }

        _starts.Clear();
        for (var i = untouched == 0 ? 1 : 0; i < touched; i++)
        {
            if (i == 0 || keys[i] != keys[i - 1])
            {
                _starts.Add(cell + untouched + i);
            }
        }

        // From the right, so that each split names only the items it cuts off.
        for (var i = _starts.Count - 1; i >= 0; i--)
        {
            partition.Split(cell, _starts[i] - cell);
        }

        // What is left of the cell is balanced where all that is cut off is, for the cell was; it may be large.
        var agrees = !_hasTwoCopies || _starts.TrueForAll(IsBalanced);
        _starts.Add(cell);
        Announce(cell);
        return agrees;
    }

    // Of the parts of a cell that has been looked at, all but the largest tell everything.
    private void Announce(int cell)
    {
        var spared = _isQueued[cell] ? -1 : _starts.MaxBy(partition.Length);
        foreach (var part in _starts)
        {
            if (_hasTwoCopies)
            {
                Changed.Add(part);
            }

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
