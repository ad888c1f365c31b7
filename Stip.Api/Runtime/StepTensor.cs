using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Stip.Api.Runtime;

/// <summary>One input or output of a step in memory that is used again from step to step. Where the graph is on a
/// device, a twin of it lies there at an address that never changes.</summary>
internal sealed class StepTensor : IDisposable
{
    private readonly NativeBuffer _buffer;
    private readonly OrtValue _host;
    private readonly OrtValue? _device;
    private readonly OrtValue[] _hostAlone;
    private readonly OrtValue[] _deviceAlone;

    /// <param name="type">Of an element.</param>
    /// <param name="elementBytes">Its size.</param>
    /// <param name="device">Where the twin is made; null for none.</param>
    /// <param name="shape">Of the tensor; none for a scalar.</param>
    public StepTensor(TensorElementType type, int elementBytes, OrtAllocator? device, params long[] shape)
    {
        var bytes = shape.Aggregate((long)elementBytes, (product, axis) => checked(product * axis));
        _buffer = new NativeBuffer(bytes);
        _host = OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, type, shape, _buffer.Start, bytes);
        _device = device is null ? null : OrtValue.CreateAllocatedTensorValue(device, type, shape);
        (_hostAlone, _deviceAlone) = ([_host], _device is null ? [] : [_device]);
    }

    public long TotalBytes => _buffer.Bytes;

    /// <summary>What is bound to the graph.</summary>
    public OrtValue Bound => _device ?? _host;

    /// <summary>The host's side.</summary>
    public Span<byte> Bytes => _buffer.Span(0, checked((int)_buffer.Bytes));

    /// <summary>The host's side.</summary>
    public Span<T> Numbers<T>()
        where T : struct => MemoryMarshal.Cast<byte, T>(Bytes);

    /// <summary>Brings the host's side to the device.</summary>
    public void Upload()
    {
        if (_device is not null)
        {
            OrtEnv.Instance().CopyTensors(_hostAlone, _deviceAlone, null);
        }
    }

    /// <summary>Brings the device's side to the host.</summary>
    public void Download()
    {
        if (_device is not null)
        {
            OrtEnv.Instance().CopyTensors(_deviceAlone, _hostAlone, null);
        }
    }

    public void Dispose()
    {
        _device?.Dispose();
        _host.Dispose();
        _buffer.Dispose();
    }
}
