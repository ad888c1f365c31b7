using Stip.Protocol.Tensors;

namespace Stip.Client.Generation;

/// <summary>What a model sees of images: rows that stand in place of the token table's own, at positions of their own,
/// or the rows that an encoder reads beside its decoder.</summary>
/// <remarks>Immutable and safe for concurrent use.</remarks>
public sealed class PlacedRows
{
    private readonly IReadOnlyDictionary<int, ReadOnlyMemory<byte>> _rows;

    /// <param name="rows">Rows of the wire's type by position.</param>
    internal PlacedRows(IReadOnlyDictionary<int, ReadOnlyMemory<byte>> rows) => _rows = rows;

    /// <param name="source">Rows of an image for an encoder, <c>[n, width]</c>.</param>
    internal PlacedRows(TensorPayload source)
        : this(new Dictionary<int, ReadOnlyMemory<byte>>()) => Source = source;

    /// <summary>No rows: a text without images.</summary>
    public static PlacedRows None { get; } = new(new Dictionary<int, ReadOnlyMemory<byte>>());

    /// <summary>Number of rows.</summary>
    public int Count => Source is { } source ? (int)source.Shape[0] : _rows.Count;

    /// <summary>The rows that an encoder reads; null for a decoder on its own.</summary>
    internal TensorPayload? Source { get; }

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
