using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>A device's memory that nobody touches while a step is recorded.</summary>
internal sealed class GatedMemory(IDeviceMemory memory, DeviceGate gate) : IDeviceMemory
{
    public OrtMemoryInfo Info => memory.Info;

    public long FreeBytes
    {
        get
        {
            using var pass = DeviceGate.Enter(gate);
            return memory.FreeBytes;
        }
    }

    public nint Allocate(long bytes)
    {
        using var pass = DeviceGate.Enter(gate);
        return memory.Allocate(bytes);
    }

    public void Free(nint address)
    {
        using var pass = DeviceGate.Enter(gate);
        memory.Free(address);
    }

    public nint AllocateHost(long bytes)
    {
        using var pass = DeviceGate.Enter(gate);
        return memory.AllocateHost(bytes);
    }

    public void FreeHost(nint address)
    {
        using var pass = DeviceGate.Enter(gate);
        memory.FreeHost(address);
    }

    public void Upload(ReadOnlySpan<byte> source, nint target)
    {
        using var pass = DeviceGate.Enter(gate);
        memory.Upload(source, target);
    }

    public void Download(nint source, Span<byte> target)
    {
        using var pass = DeviceGate.Enter(gate);
        memory.Download(source, target);
    }

    public void CopyRows(nint source, long sourcePitch, nint target, long targetPitch, long rowBytes, long rows)
    {
        using var pass = DeviceGate.Enter(gate);
        memory.CopyRows(source, sourcePitch, target, targetPitch, rowBytes, rows);
    }

    public void ClearRows(nint target, long pitch, long rowBytes, long rows)
    {
        using var pass = DeviceGate.Enter(gate);
        memory.ClearRows(target, pitch, rowBytes, rows);
    }

    public void Wait()
    {
        using var pass = DeviceGate.Enter(gate);
        memory.Wait();
    }
}
