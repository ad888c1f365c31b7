using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Stip.Api.Runtime;

namespace Stip.Api.Tests.Runtime;

/// <summary>Memory of this machine that plays a device: everything of the way to one but the device itself. Fresh
/// memory is full of NaN, as it may be there.</summary>
internal sealed unsafe class HostAsDevice : IDeviceMemory
{
    private const byte Dirt = 0xFF;
    private readonly ConcurrentDictionary<nint, long> _held = new();

    public OrtMemoryInfo Info => OrtMemoryInfo.DefaultInstance;

    /// <summary>Allocations that were not freed.</summary>
    public int Held => _held.Count;

    /// <summary>Uses of the memory so far.</summary>
    public int Touches { get; private set; }

    public long FreeBytes { get; set; } = long.MaxValue;

    /// <summary>Allocations that can still be had.</summary>
    public int Room { get; set; } = int.MaxValue;

    /// <summary>What the next uploads fail with; null for none.</summary>
    public Exception? UploadFailure { get; set; }

    public nint Allocate(long bytes)
    {
        if (Room-- <= 0)
        {
            throw new InsufficientMemoryException("the device is full");
        }

        var address = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), 64);
        NativeMemory.Fill((void*)address, (nuint)bytes, Dirt);
        _held[address] = bytes;
        return address;
    }

    public void Free(nint address)
    {
        Assert.True(_held.TryRemove(address, out _));
        NativeMemory.AlignedFree((void*)address);
    }

    public nint AllocateHost(long bytes) => Allocate(bytes);

    public void FreeHost(nint address) => Free(address);

    public void Upload(ReadOnlySpan<byte> source, nint target)
    {
        Touches++;
        if (UploadFailure is not null)
        {
            throw UploadFailure;
        }

        source.CopyTo(new Span<byte>((void*)target, source.Length));
    }

    public void Download(nint source, Span<byte> target) =>
        new ReadOnlySpan<byte>((void*)source, target.Length).CopyTo(target);

    public void CopyRows(nint source, long sourcePitch, nint target, long targetPitch, long rowBytes, long rows)
    {
        for (var row = 0; row < rows; row++)
        {
            Buffer.MemoryCopy(
                (void*)(source + (nint)(row * sourcePitch)), (void*)(target + (nint)(row * targetPitch)), rowBytes,
                rowBytes);
        }
    }

    public void ClearRows(nint target, long pitch, long rowBytes, long rows)
    {
        for (var row = 0; row < rows; row++)
        {
            NativeMemory.Clear((void*)(target + (nint)(row * pitch)), (nuint)rowBytes);
        }
    }

    public void Wait()
    {
    }
}
