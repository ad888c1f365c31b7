using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Stip.Api.Runtime;

/// <summary>One input or output of a step in memory that is used again from step to step. Where the graph is on a
/// device, a twin of it lies there at an address that never changes.</summary>
internal sealed class StepTensor : IDisposable
{
    private readonly NativeBuffer _buffer;
    private readonly IDeviceMemory? _device;
    private readonly nint _twin;

    /// <param name="type">Of an element.</param>
    /// <param name="elementBytes">Its size.</param>
    /// <param name="device">Where the twin is made; null for none.</param>
    /// <param name="shape">Of the tensor; none for a scalar.</param>
    public StepTensor(TensorElementType type, int elementBytes, IDeviceMemory? device, params long[] shape)
    {
        var bytes = shape.Aggregate((long)elementBytes, (product, axis) => checked(product * axis));
        (_buffer, _device) = (new NativeBuffer(bytes, device), device);
        try
        {
            _twin = device?.Allocate(bytes) ?? 0;
            Bound = OrtValue.CreateTensorValueWithData(
                device?.Info ?? OrtMemoryInfo.DefaultInstance, type, shape, device is null ? _buffer.Start : _twin,
                bytes);
        }
        catch
        {
            if (_twin != 0)
            {
                device!.Free(_twin);
            }

            _buffer.Dispose();
            throw;
        }
    }

    public long TotalBytes => _buffer.Bytes;

    /// <summary>What is bound to the graph.</summary>
    public OrtValue Bound { get; }

    /// <summary>The host's side.</summary>
    public Span<byte> Bytes => _buffer.Span(0, checked((int)_buffer.Bytes));

    /// <summary>The host's side.</summary>
    public Span<T> Numbers<T>()
        where T : struct => MemoryMarshal.Cast<byte, T>(Bytes);

    /// <summary>Sends the host's side to the twin.</summary>
    public void Upload() => _device?.Upload(Bytes, _twin);

    /// <summary>Fetches the twin to the host's side.</summary>
    public void Download() => _device?.Download(_twin, Bytes);

    public void Dispose()
    {
        Bound.Dispose();
        _device?.Free(_twin);
        _buffer.Dispose();
    }
}
