using System.Buffers;

namespace Stip.Onnx.Protection;

/// <summary>
/// Writes rows that are made one by one, a tile of them at a time: never all in memory, on all cores but the one that
/// hashes what is written, and straight into the buffer of the file where it lends one.
/// </summary>
internal static class RowTiles
{
    /// <summary>Most bytes of a tile; a longer row is a tile of its own.</summary>
    public const int TileBytes = 4 << 20;

    // Less than this is not worth a second thread.
    private const int SharedBytes = TileBytes / 8;

    /// <summary>Makes one row.</summary>
    /// <param name="source">What the sequence of sources says of it.</param>
    /// <param name="row">All of its bytes, to be filled.</param>
    public delegate void MakeRow(long source, Span<byte> row);

    /// <summary>Writes the rows.</summary>
    /// <param name="sources">What each row is made of, in the order of the rows.</param>
    /// <param name="rows">How many there are.</param>
    /// <param name="rowBytes">Bytes of each.</param>
    /// <param name="make">Makes one; called from several threads.</param>
    /// <param name="target">Is given every byte once.</param>
    public static void Write(IEnumerable<long> sources, long rows, int rowBytes, MakeRow make, Stream target)
    {
        if (rows == 0 || rowBytes == 0)
        {
            return;
        }

        var rowsOfTile = (int)Math.Clamp(TileBytes / rowBytes, 1, rows);
        var lender = rowBytes <= TileBytes ? target as IBufferWriter<byte> : null;
        var own = lender is null ? ArrayPool<byte>.Shared.Rent(rowsOfTile * rowBytes) : [];
        try
        {
            foreach (var tile in sources.Chunk(rowsOfTile))
            {
                var bytes = (lender?.GetMemory(tile.Length * rowBytes) ?? own)[..(tile.Length * rowBytes)];
                Make(tile, bytes, rowBytes, make, Environment.ProcessorCount - (lender is null ? 0 : 1));
                if (lender is null)
                {
                    target.Write(bytes.Span);
                }
                else
                {
                    lender.Advance(bytes.Length);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(own);
        }
    }

    private static void Make(long[] sources, Memory<byte> tile, int rowBytes, MakeRow make, int threads)
    {
        var shares = tile.Length < SharedBytes ? 1 : Math.Clamp(threads, 1, sources.Length);
        if (shares == 1)
        {
            MakeShare(0);
            return;
        }

        Parallel.For(0, shares, MakeShare);

        void MakeShare(int share)
        {
            var (from, to) = ((long)share * sources.Length / shares, (share + 1L) * sources.Length / shares);
            for (var row = (int)from; row < to; row++)
            {
                make(sources[row], tile.Span.Slice(row * rowBytes, rowBytes));
            }
        }
    }
}
