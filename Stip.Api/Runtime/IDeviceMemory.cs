using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>Memory of an accelerator, by address. What was sent there, copied or zeroed there has arrived after
/// <see cref="Wait"/>.</summary>
internal interface IDeviceMemory
{
    /// <summary>How ONNX Runtime names it.</summary>
    OrtMemoryInfo Info { get; }

    /// <summary>What nobody has taken yet, this process or another.</summary>
    long FreeBytes { get; }

    /// <summary>Memory that is not zeroed.</summary>
    /// <exception cref="InsufficientMemoryException">There is not so much.</exception>
    nint Allocate(long bytes);

    void Free(nint address);

    /// <summary>Memory of the host that the device reads and writes by itself (page-locked), not zeroed. From other
    /// memory the driver copies into a buffer of its own first, at a fraction of the bus's rate.</summary>
    /// <exception cref="InsufficientMemoryException">There is not so much.</exception>
    nint AllocateHost(long bytes);

    /// <summary>Of <see cref="AllocateHost"/>.</summary>
    void FreeHost(nint address);

    void Upload(ReadOnlySpan<byte> source, nint target);

    /// <summary>Has arrived when it returns.</summary>
    void Download(nint source, Span<byte> target);

    /// <summary>Copies rows that lie a pitch apart, within the device.</summary>
    void CopyRows(nint source, long sourcePitch, nint target, long targetPitch, long rowBytes, long rows);

    /// <summary>Zeroes rows that lie a pitch apart.</summary>
    void ClearRows(nint target, long pitch, long rowBytes, long rows);

    /// <summary>Waits until everything that was begun has ended.</summary>
    void Wait();
}
