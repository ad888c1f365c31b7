namespace Stip.Export.Checkpoints.Gguf;

/// <summary>
/// Some checkpoints store each key/value group together, its queries, its key, its value; files have all queries, then
/// all keys, then all values.
/// </summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key/value heads.</param>
/// <param name="HeadDim">Rows of a head.</param>
internal readonly record struct QkvRowOrder(int Heads, int KvHeads, int HeadDim)
{
    /// <summary>Row of the file that is row <paramref name="row"/> of the checkpoint.</summary>
    public long Source(long row)
    {
        var (head, inside) = Math.DivRem(row, HeadDim);
        var queries = Heads / KvHeads;
        var (group, place) = Math.DivRem(head, queries + 2);
        var stored = place < queries ? group * queries + place
            : place == queries ? Heads + group
            : Heads + KvHeads + group;
        return stored * HeadDim + inside;
    }
}
