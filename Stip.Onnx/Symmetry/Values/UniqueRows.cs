namespace Stip.Onnx.Symmetry.Values;

/// <summary>
/// Rows of a matrix of labels with doubles found, so that what equal rows make is worked out once.
/// </summary>
internal sealed class UniqueRows
{
    private readonly int[] _labels;
    private readonly int _width;
    private readonly List<int> _firsts = [];

    public UniqueRows(int[] labels, int width)
    {
        _labels = labels;
        _width = width;
        Ids = new int[width == 0 ? 0 : labels.Length / width];
        var buckets = new Dictionary<int, List<int>>();
        for (var row = 0; row < Ids.Length; row++)
        {
            Ids[row] = IdOf(row, buckets);
        }
    }

    /// <summary>For every row the number of its unique row.</summary>
    public int[] Ids { get; }

    public int Count => _firsts.Count;

    public ReadOnlySpan<int> this[int id] => Row(_firsts[id]);

    private ReadOnlySpan<int> Row(int row) => _labels.AsSpan(row * _width, _width);

    private int IdOf(int row, Dictionary<int, List<int>> buckets)
    {
        var hash = new HashCode();
        hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(Row(row)));
        var key = hash.ToHashCode();
        if (!buckets.TryGetValue(key, out var bucket))
        {
            buckets.Add(key, bucket = []);
        }

        foreach (var id in bucket)
        {
            if (this[id].SequenceEqual(Row(row)))
            {
                return id;
            }
        }

        bucket.Add(_firsts.Count);
        _firsts.Add(row);
        return _firsts.Count - 1;
    }
}
