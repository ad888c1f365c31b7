using System.Runtime.InteropServices;

namespace Stip.Api.Runtime;

/// <summary>Zeroed memory outside the managed heap, aligned for vector loads; untouched pages cost nothing.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;
    private readonly IDeviceMemory? _locker;
    private void* _allocation;

    /// <param name="bytes">Its size.</param>
    /// <param name="locker">The device that reads and writes it by itself; null for ordinary memory.</param>
    public NativeBuffer(long bytes, IDeviceMemory? locker = null)
    {
        (Bytes, _locker) = (bytes, locker);
        if (locker is not null)
        {
            Start = locker.AllocateHost(bytes);
            NativeMemory.Clear((void*)Start, (nuint)bytes);
            return;
        }

        try
        {
            _allocation = NativeMemory.AllocZeroed((nuint)bytes + Alignment);
        }
        catch (OutOfMemoryException e)
        {
            throw new InsufficientMemoryException($"{bytes} bytes cannot be had", e);
        }

        Start = (nint)(((nuint)_allocation + Alignment - 1) / Alignment * Alignment);
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
        if (_locker is null)
        {
            NativeMemory.Free(_allocation);
            _allocation = null;
        }
        else if (Start != 0)
        {
            _locker.FreeHost(Start);
        }

        Start = 0;
    }
}
