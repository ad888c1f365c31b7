using Stip.Client.Bundles;
using Stip.Client.Embedding;

namespace Stip.Client.Generation;

/// <summary>Rows for a decoder on its own: those of its tables, those of images over them, and first layers where they
/// are the data owner's.</summary>
internal sealed class DecoderRows(Bundle bundle, PlacedRows? placed, int maxLength) : SessionRows
{
    private byte[]? _row;
    private ClientLayersSequence? _layers;

    public override byte[] Make(ReadOnlySpan<int> tokenIds, int firstPosition, bool mayBeKept)
    {
        var tables = bundle.Embedding;
        var rows = Rows(tokenIds.Length * tables.RowBytes, mayBeKept); // [count, hidden]
        tables.WriteRows(tokenIds, firstPosition, rows);
        placed?.WriteOver(firstPosition, tables.RowBytes, rows);

        // What the server has cached was run before, by these layers and at these places.
        _layers ??= bundle.Layers?.OpenSequence(maxLength);
        _layers?.Run(rows, tokenIds.Length, firstPosition);
        return rows;
    }

    public override SessionRows Fork(int tokens) =>
        new DecoderRows(bundle, placed, maxLength) { _layers = _layers?.Fork(tokens) };

    public override void Dispose()
    {
        _layers?.Dispose();
        _layers = null;
    }

    // A step is over before the next one begins, so that its row may lie where the last one's did; but whoever sees
    // the requests may keep them.
    private byte[] Rows(int bytes, bool mayBeKept) =>
        mayBeKept || bytes != bundle.RowBytes ? new byte[bytes] : _row ??= new byte[bytes];
}
