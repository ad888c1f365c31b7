namespace Stip.Export.Checkpoints.Gguf;

/// <summary>
/// Files of the <c>llama</c> architecture hold the rows of queries and keys with the two channels of a rotary pair side
/// by side, <c>[heads, head_dim / 2, 2]</c>; checkpoints have them half a head apart, <c>[heads, 2, head_dim / 2]</c>.
/// </summary>
/// <param name="HeadDim">Rows of a head.</param>
internal readonly record struct RotaryRowOrder(int HeadDim)
{
    /// <summary>Row of the file that is row <paramref name="row"/> of the checkpoint.</summary>
    public long Source(long row)
    {
        var (head, inside) = Math.DivRem(row, HeadDim);
        var (half, pair) = Math.DivRem(inside, HeadDim / 2);
        return head * HeadDim + 2 * pair + half;
    }
}
