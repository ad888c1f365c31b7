namespace Stip.Onnx.Symmetry.Values;

/// <summary>
/// How the bytes of an initialiser hold elements smaller or other than its own type says: the low bits of a byte come
/// first, the last axis is contiguous. Its axis nodes, and the permutations of a plan, are those of this shape.
/// </summary>
/// <param name="Shape">The tensor that is packed, e.g. <c>[N, K]</c> of 4-bit numbers in bytes <c>[N, K / 32,
/// 16]</c>; a matrix of K in blocks has its elements in order, so one permutation of K moves blocks and within
/// them.</param>
/// <param name="Bits">Bits of one element.</param>
/// <param name="PadsRows">True where every row of the last axis starts at a byte of its own.</param>
internal sealed record PackedLayout(int[] Shape, int Bits, bool PadsRows)
{
    public bool Equals(PackedLayout? other) => other is not null && Bits == other.Bits && PadsRows == other.PadsRows
        && Shape.AsSpan().SequenceEqual(other.Shape);

    public override int GetHashCode() => HashCode.Combine(Bits, PadsRows, Shape.Length);

    /// <summary>Bytes that all elements take.</summary>
    public long ByteLength
    {
        get
        {
            var rows = Shape.AsSpan(..^1).ToArray().Aggregate(1L, (product, length) => product * length);
            return PadsRows ? rows * RowBytes : ((rows * Shape[^1] * Bits) + 7) / 8;
        }
    }

    /// <summary>Bits from one row of the last axis to the next.</summary>
    public long RowBits => PadsRows ? RowBytes * 8L : (long)Shape[^1] * Bits;

    private int RowBytes => ((Shape[^1] * Bits) + 7) / 8;
}
