namespace Stip.Onnx.Symmetry;

/// <summary>
/// Indices that are computed: a node that says "rank 2 of this set" points at one of the places of an axis, and which
/// place is which is told by what stands there. An operator that uses the index compares it with those.
/// </summary>
internal sealed class IndexNodes
{
    private readonly Dictionary<int, int[]> _places = [];

    public bool IsEmpty => _places.Count == 0;

    /// <summary>Says what stands at the places that an index may point at.</summary>
    /// <exception cref="NotSupportedException">The same index would point at two axes.</exception>
    public void Add(int index, int[] places)
    {
        if (_places.TryGetValue(index, out var known) && !known.AsSpan().SequenceEqual(places))
        {
            throw new NotSupportedException("an index that points at two axes");
        }

        _places[index] = places;
    }

    /// <summary>What stands at each place, null where the node is no index.</summary>
    public int[]? PlacesOf(int node) => _places.GetValueOrDefault(node);
}
