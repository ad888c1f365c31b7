using System.Runtime.InteropServices;

namespace Stip.Export.Blocks.Weights;

/// <summary>Tiles of two-byte elements that are stored in the graph's own type: moved bit for bit.</summary>
internal sealed class StoredTiles : ITiles<ushort>
{
    private ushort[] _tile = [];
    private ushort[] _busy = [];
    private Task _written = Task.CompletedTask;

    public ushort[] Tile(int elements)
    {
        if (_tile.Length < elements)
        {
            _tile = new ushort[TileRoom.For(elements)];
        }

        Array.Clear(_tile, 0, elements);
        return _tile;
    }

    public void Write(Stream stream, int elements, string name)
    {
        Finish();
        (_tile, _busy) = (_busy, _tile);
        var written = _busy;
        _written = Task.Run(() => stream.Write(MemoryMarshal.AsBytes(written.AsSpan(0, elements))));
    }

    public void Finish() => _written.GetAwaiter().GetResult();
}
