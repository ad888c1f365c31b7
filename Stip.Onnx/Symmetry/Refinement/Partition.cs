namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>
/// Items in cells, each cell a run of one array. Cells are only ever split; splits are undone in reverse. A cell is
/// named by
/// the place where it starts.
/// </summary>
internal sealed class Partition
{
    private readonly int[] _items;
    private readonly int[] _places;
    private readonly int[] _cells;
    private readonly int[] _lengths;
    private readonly Stack<int>? _splits;

    /// <param name="items">All items, cell after cell.</param>
    /// <param name="lengths">Lengths of the cells, in the same order.</param>
    /// <param name="canUndo">False where no split is ever undone, so that none need be noted.</param>
    public Partition(int[] items, IEnumerable<int> lengths, bool canUndo = true)
    {
        _splits = canUndo ? new Stack<int>() : null;
        _items = items;
        _places = new int[items.Length];
        _cells = new int[items.Length];
        _lengths = new int[items.Length];
        for (var place = 0; place < items.Length; place++)
        {
            _places[items[place]] = place;
        }

        var start = 0;
        foreach (var length in lengths)
        {
            Name(start, length);
            start += length;
        }
    }

    public int ItemCount => _items.Length;

    /// <summary>Splits so far; <see cref="UndoTo"/> goes back to such a number.</summary>
    public int SplitCount => _splits?.Count ?? 0;

    public int CellOf(int item) => _cells[item];

    /// <summary>Length of the cell that starts there, 0 where none does.</summary>
    public int Length(int cell) => _lengths[cell];

    public ReadOnlySpan<int> Items(int cell) => _items.AsSpan(cell, _lengths[cell]);

    /// <summary>Starts of all cells, in order.</summary>
    public IEnumerable<int> Cells()
    {
        for (var cell = 0; cell < _items.Length; cell += _lengths[cell])
        {
            yield return cell;
        }
    }

    public int PlaceOf(int item) => _places[item];

    /// <summary>Sorts the last items of a cell by keys, which are sorted along.</summary>
    public void SortTail(int cell, Span<ulong> keys)
    {
        var start = cell + _lengths[cell] - keys.Length;
        var tail = _items.AsSpan(start, keys.Length);
        keys.Sort(tail);
        for (var i = 0; i < tail.Length; i++)
        {
            _places[tail[i]] = start + i;
        }
    }

    /// <summary>Puts the items of two halves of a cell in pairs, one of each.</summary>
    public void Pair(int cell, ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        for (var i = 0; i < left.Length; i++)
        {
            (_items[cell + (2 * i)], _items[cell + (2 * i) + 1]) = (left[i], right[i]);
            (_places[left[i]], _places[right[i]]) = (cell + (2 * i), cell + (2 * i) + 1);
        }
    }

    /// <summary>Moves an item to a place of its own cell, changing places with what is there.</summary>
    public void Swap(int item, int place)
    {
        var other = _items[place];
        (_items[_places[item]], _items[place]) = (other, item);
        (_places[other], _places[item]) = (_places[item], place);
    }

    /// <summary>Cuts a cell in two; the second part becomes a cell of its own.</summary>
    /// <returns>The new cell.</returns>
    public int Split(int cell, int firstLength)
    {
        var (start, length) = (cell + firstLength, _lengths[cell] - firstLength);
        _lengths[cell] = firstLength;
        Name(start, length);
        _splits?.Push(start);
        return start;
    }

    /// <summary>Undoes splits until only so many are left.</summary>
    /// <param name="splitCount">A former value of <see cref="SplitCount"/>.</param>
    /// <param name="merged">Called with each cell that grew.</param>
    public void UndoTo(int splitCount, Action<int> merged)
    {
        while (_splits?.Count > splitCount)
        {
            var start = _splits.Pop();
            var cell = _cells[_items[start - 1]];
            var length = _lengths[start];
            _lengths[start] = 0;
            _lengths[cell] += length;
            foreach (var item in _items.AsSpan(start, length))
            {
                _cells[item] = cell;
            }

            merged(cell);
        }
    }

    private void Name(int start, int length)
    {
        _lengths[start] = length;
        foreach (var item in _items.AsSpan(start, length))
        {
            _cells[item] = start;
        }
    }
}
