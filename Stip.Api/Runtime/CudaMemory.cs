using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>Memory of the first CUDA device, by the CUDA runtime that ONNX Runtime's provider needs anyway. ONNX
/// Runtime itself copies between host and device only inside a session: the copies of its environment know plug-in
/// providers alone.</summary>
internal sealed unsafe class CudaMemory : IDeviceMemory, IDisposable
{
    private const int HostToDevice = 1;
    private const int DeviceToHost = 2;
    private const int DeviceToDevice = 3;
    private const int OldDriver = 35;
    private const int NoDevice = 100;

    // Newest first; a provider is built for one of them.
    private static readonly string[] Libraries = OperatingSystem.IsWindows()
        ? ["cudart64_13.dll", "cudart64_12.dll"]
        : ["libcudart.so.13", "libcudart.so.12", "libcudart.so"];

    private readonly delegate* unmanaged<void**, nuint, int> _malloc;
    private readonly delegate* unmanaged<void*, int> _free;
    private readonly delegate* unmanaged<void**, nuint, int> _mallocHost;
    private readonly delegate* unmanaged<void*, int> _freeHost;
    private readonly delegate* unmanaged<void*, void*, nuint, int, int> _memcpy;
    private readonly delegate* unmanaged<void*, nuint, void*, nuint, nuint, nuint, int, int> _memcpy2D;
    private readonly delegate* unmanaged<void*, nuint, int, nuint, nuint, int> _memset2D;
    private readonly delegate* unmanaged<int> _synchronize;
    private readonly delegate* unmanaged<nuint*, nuint*, int> _memGetInfo;

    private CudaMemory(nint library)
    {
        _malloc = (delegate* unmanaged<void**, nuint, int>)NativeLibrary.GetExport(library, "cudaMalloc");
        _free = (delegate* unmanaged<void*, int>)NativeLibrary.GetExport(library, "cudaFree");
        _mallocHost = (delegate* unmanaged<void**, nuint, int>)NativeLibrary.GetExport(library, "cudaMallocHost");
        _freeHost = (delegate* unmanaged<void*, int>)NativeLibrary.GetExport(library, "cudaFreeHost");
        _memcpy = (delegate* unmanaged<void*, void*, nuint, int, int>)NativeLibrary.GetExport(library, "cudaMemcpy");
        _memcpy2D = (delegate* unmanaged<void*, nuint, void*, nuint, nuint, nuint, int, int>)NativeLibrary.GetExport(
            library, "cudaMemcpy2D");
        _memset2D = (delegate* unmanaged<void*, nuint, int, nuint, nuint, int>)NativeLibrary.GetExport(
            library, "cudaMemset2D");
        _synchronize = (delegate* unmanaged<int>)NativeLibrary.GetExport(library, "cudaDeviceSynchronize");
        _memGetInfo = (delegate* unmanaged<nuint*, nuint*, int>)NativeLibrary.GetExport(library, "cudaMemGetInfo");
        Info = new OrtMemoryInfo(
            OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default);
    }

    public OrtMemoryInfo Info { get; }

    public long FreeBytes
    {
        get
        {
            nuint free, total;
            Check(_memGetInfo(&free, &total));
            return (long)free;
        }
    }

    /// <summary>Null, with a reason, where there is no CUDA runtime or no device.</summary>
    public static CudaMemory? TryOpen(out string? reason)
    {
        foreach (var name in Libraries)
        {
            if (NativeLibrary.TryLoad(name, out var library))
            {
                // The libraries are found on many a machine whose device is not there, or not for this container.
                int devices;
                var code = ((delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cudaGetDeviceCount"))(
                    &devices);
                reason = ReasonOf(code, devices);
                return reason is null ? new CudaMemory(library) : null;
            }
        }

        reason = $"none of {string.Join(", ", Libraries)} can be loaded";
        return null;
    }

    /// <summary>Why the device is not used; null where it can be. Source of the codes: cudaError_t.</summary>
    /// <param name="code">What cudaGetDeviceCount gave.</param>
    /// <param name="devices">What it counted.</param>
    public static string? ReasonOf(int code, int devices) => (code, devices) switch
    {
        (0, > 0) => null,
        (0, _) or (NoDevice, _) => "the CUDA runtime finds no device",
        (OldDriver, _) => "the driver is older than the CUDA runtime",
        _ => $"the CUDA runtime cannot be used (CUDA error {code})",
    };

    public nint Allocate(long bytes)
    {
        void* address;
        var code = _malloc(&address, (nuint)bytes);
        return code == 0
            ? (nint)address
            : throw new InsufficientMemoryException($"{bytes} bytes cannot be had on the device (CUDA error {code})");
    }

    public void Free(nint address) => Check(_free((void*)address));

    public nint AllocateHost(long bytes)
    {
        void* address;
        var code = _mallocHost(&address, (nuint)bytes);
        return code == 0
            ? (nint)address
            : throw new InsufficientMemoryException($"{bytes} bytes cannot be page-locked (CUDA error {code})");
    }

    public void FreeHost(nint address) => Check(_freeHost((void*)address));

    public void Upload(ReadOnlySpan<byte> source, nint target)
    {
        fixed (byte* start = source)
        {
            Check(_memcpy((void*)target, start, (nuint)source.Length, HostToDevice));
        }
    }

    public void Download(nint source, Span<byte> target)
    {
        fixed (byte* start = target)
        {
            Check(_memcpy(start, (void*)source, (nuint)target.Length, DeviceToHost));
        }
    }

    public void CopyRows(nint source, long sourcePitch, nint target, long targetPitch, long rowBytes, long rows)
    {
        Check(_memcpy2D(
            (void*)target, (nuint)targetPitch, (void*)source, (nuint)sourcePitch, (nuint)rowBytes, (nuint)rows,
            DeviceToDevice));
    }

    public void ClearRows(nint target, long pitch, long rowBytes, long rows)
    {
        Check(_memset2D((void*)target, (nuint)pitch, 0, (nuint)rowBytes, (nuint)rows));
    }

    // ONNX Runtime works on streams of its own, which know nothing of these copies.
    public void Wait() => Check(_synchronize());

    public void Dispose() => Info.Dispose();

    private static void Check(int code)
    {
        if (code != 0)
        {
            throw new InvalidOperationException($"CUDA error {code}");
        }
    }
}
