using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Stip.Api.Runtime;

/// <summary>One input or output of a step in memory that is used again from step to step. Where the graph is on a
/// device, a twin of it lies there at an address that never changes.</summary>
internal sealed class StepTensor : IDisposable
{
    private readonly IDeviceMemory? _device;
    private readonly TensorElementType _type;
    private readonly long[] _shape;
    private readonly long _bytes;
    private readonly nint _twin;
    private NativeBuffer? _buffer;

    /// <param name="type">Of an element.</param>
    /// <param name="elementBytes">Its size.</param>
    /// <param name="device">Where the twin is made; null for none.</param>
    /// <param name="shape">Of the tensor; none for a scalar.</param>
    public StepTensor(TensorElementType type, int elementBytes, IDeviceMemory? device, params long[] shape)
        : this(type, elementBytes, device, isSeldomFetched: false, shape)
    {
    }

    /// <param name="type">Of an element.</param>
    /// <param name="elementBytes">Its size.</param>
    /// <param name="device">Where the twin is made; null for none.</param>
    /// <param name="isSeldomFetched">True where the host's side of a twin is made only when it is asked for.</param>
    /// <param name="shape">Of the tensor.</param>
    public StepTensor(
        TensorElementType type, int elementBytes, IDeviceMemory? device, bool isSeldomFetched, params long[] shape)
    {
        _bytes = shape.Aggregate((long)elementBytes, (product, axis) => checked(product * axis));
        (_type, _shape, _device) = (type, shape, device);
        _buffer = device is not null && isSeldomFetched ? null : new NativeBuffer(_bytes, device);
        try
        {
            _twin = device?.Allocate(_bytes) ?? 0;
            Bound = OrtValue.CreateTensorValueWithData(
                device?.Info ?? OrtMemoryInfo.DefaultInstance, type, shape, device is null ? Host.Start : _twin,
                _bytes);
        }
        catch
        {
            if (_twin != 0)
            {
                device!.Free(_twin);
            }

            _buffer?.Dispose();
            throw;
        }
    }

    public long TotalBytes => _bytes;

    /// <summary>What is bound to the graph.</summary>
    public OrtValue Bound { get; }

    /// <summary>The host's side.</summary>
    public Span<byte> Bytes => Host.Span(0, checked((int)_bytes));

    private NativeBuffer Host => _buffer ??= new NativeBuffer(_bytes, _device);

    /// <summary>The host's side.</summary>
    public Span<T> Numbers<T>()
        where T : struct => MemoryMarshal.Cast<byte, T>(Bytes);

    /// <summary>Some rows of what is bound, in the same memory.</summary>
    /// <param name="first">Along the first axis.</param>
    /// <param name="count">How many.</param>
    public OrtValue Part(int first, int count)
    {
        var rowBytes = _bytes / _shape[0];
        return OrtValue.CreateTensorValueWithData(
            _device?.Info ?? OrtMemoryInfo.DefaultInstance, _type, [count, .. _shape[1..]],
            (_device is null ? Host.Start : _twin) + (nint)(first * rowBytes), count * rowBytes);
    }

    /// <summary>Sends the host's side to the twin.</summary>
    public void Upload() => _device?.Upload(Bytes, _twin);

    /// <summary>Fetches the twin to the host's side.</summary>
    public void Download() => _device?.Download(_twin, Bytes);

    /// <summary>Fetches a part of the twin.</summary>
    /// <returns>It, on the host's side.</returns>
    public Span<byte> Download(int offset, int bytes)
    {
        var part = Bytes.Slice(offset, bytes);
        _device?.Download(_twin + offset, part);
        return part;
    }

    public void Dispose()
    {
        Bound.Dispose();
        _device?.Free(_twin);
        _buffer?.Dispose();
    }
}
