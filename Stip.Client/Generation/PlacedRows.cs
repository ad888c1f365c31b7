namespace Stip.Client.Generation;

/// <summary>Rows that stand in place of the token table's own, at positions of their own: those of images.</summary>
/// <remarks>Immutable and safe for concurrent use.</remarks>
public sealed class PlacedRows
{
    private readonly IReadOnlyDictionary<int, ReadOnlyMemory<byte>> _rows;

    /// <param name="rows">Rows of the wire's type by position.</param>
    internal PlacedRows(IReadOnlyDictionary<int, ReadOnlyMemory<byte>> rows) => _rows = rows;

    /// <summary>No rows: a text without images.</summary>
    public static PlacedRows None { get; } = new(new Dictionary<int, ReadOnlyMemory<byte>>());

    /// <summary>Number of rows.</summary>
    public int Count => _rows.Count;

    /// <summary>Writes those over the rows that are there.</summary>
    /// <param name="firstPosition">Position of the first row.</param>
    /// <param name="rowBytes">Bytes of a row.</param>
    /// <param name="rows">Rows of consecutive positions.</param>
    internal void WriteOver(int firstPosition, int rowBytes, Span<byte> rows)
    {
        for (var i = 0; i < rows.Length / rowBytes; i++)
        {
            if (_rows.TryGetValue(firstPosition + i, out var row))
            {
                row.Span.CopyTo(rows[(i * rowBytes)..]);
            }
        }
    }
}
