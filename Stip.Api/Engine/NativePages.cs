using System.Buffers;
using System.Runtime.InteropServices;

namespace Stip.Api.Engine;

/// <summary>Memory outside the managed heap for one large tensor. What nobody has written costs nothing, so that it may
/// be as large as a request promises; and it goes back to the machine at once, where arrays as large would wait for
/// a full collection or lie in a pool.</summary>
internal sealed unsafe class NativePages : MemoryManager<byte>
{
    private const int Alignment = 64;
    private readonly int _bytes;
    private void* _start;

    /// <exception cref="InsufficientMemoryException">There is no room.</exception>
    public NativePages(int bytes)
    {
        _bytes = bytes;
        try
        {
            _start = NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        }
        catch (OutOfMemoryException e)
        {
            throw new InsufficientMemoryException($"{bytes} bytes for a tensor cannot be had", e);
        }
    }

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        return new(_start, _bytes);
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_bytes, nameof(elementIndex));
        ObjectDisposedException.ThrowIf(_start is null, this);
        return new MemoryHandle((byte*)_start + elementIndex);
    }

    public override void Unpin()
    {
        // It never moves.
    }

    public void Free()
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
    }

    protected override void Dispose(bool disposing) => Free();
}
