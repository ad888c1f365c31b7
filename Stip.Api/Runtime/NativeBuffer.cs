using System.Runtime.InteropServices;

namespace Stip.Api.Runtime;

/// <summary>Zeroed memory outside the managed heap, aligned for vector loads; untouched pages cost nothing.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;
    private void* _allocation;

    public NativeBuffer(long bytes)
    {
        try
        {
            _allocation = NativeMemory.AllocZeroed((nuint)bytes + Alignment);
        }
        catch (OutOfMemoryException e)
        {
            throw new InsufficientMemoryException($"{bytes} bytes cannot be had", e);
        }

        Start = (nint)(((nuint)_allocation + Alignment - 1) / Alignment * Alignment);
        Bytes = bytes;
    }

    public nint Start { get; private set; }

    public long Bytes { get; }

    public Span<byte> Span(long offset, int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + bytes, Bytes);
        return new((byte*)Start + offset, bytes);
    }

    public void Dispose()
    {
        NativeMemory.Free(_allocation);
        _allocation = null;
        Start = 0;
    }
}
