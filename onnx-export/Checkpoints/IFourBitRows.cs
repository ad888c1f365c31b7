namespace Stip.Export.Checkpoints;

/// <summary>
/// A matrix stored as 4-bit numbers in blocks of 32 along its rows: an element is
/// <c>scale · (number − 8) + offset</c>, with one scale and one offset for a block.
/// </summary>
internal interface IFourBitRows
{
    /// <summary>Elements that share a scale.</summary>
    const int BlockLength = 32;

    /// <summary>What is subtracted from a stored number.</summary>
    const int ZeroPoint = 8;

    /// <summary>False where every offset is zero.</summary>
    bool HasOffsets { get; }

    /// <summary>Reads one row, bit for bit as it is stored but for the order of the halves of bytes.</summary>
    /// <param name="row">The row.</param>
    /// <param name="pairs">Two neighbours a byte, the first in the low half: half as many bytes as elements.</param>
    /// <param name="scales">One for every block.</param>
    /// <param name="offsets">One for every block.</param>
    void Read(long row, Span<byte> pairs, Span<float> scales, Span<float> offsets);
}
