using Microsoft.ML.OnnxRuntime;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>Tensors that are made anew for each run, in memory that only grows and is used again.</summary>
internal sealed class ReusedTensors : IDisposable
{
    private readonly List<OrtValue> _values = [];
    private readonly List<NativeBuffer> _buffers = [];

    /// <summary>Those that were added since the last <see cref="Clear"/>.</summary>
    public IReadOnlyList<OrtValue> Values => _values;

    /// <summary>The first bytes of a tensor.</summary>
    public Span<byte> Bytes(int index, int count) => _buffers[index].Span(0, count);

    /// <summary>The next tensor.</summary>
    /// <returns>Its memory, with whatever was in it.</returns>
    public Span<byte> Add(TensorDtype dtype, params long[] shape)
    {
        var bytes = shape.Aggregate((long)dtype.ByteSize(), (product, axis) => checked(product * axis));
        var index = _values.Count;
        if (index == _buffers.Count)
        {
            _buffers.Add(new NativeBuffer(bytes));
        }
        else if (_buffers[index].Bytes < bytes)
        {
            // Where there is no room, the one before stays whole.
            var larger = new NativeBuffer(Math.Max(bytes, 2 * _buffers[index].Bytes));
            _buffers[index].Dispose();
            _buffers[index] = larger;
        }

        var buffer = _buffers[index];
        _values.Add(OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, dtype.ToOrt(), shape, buffer.Start, bytes));
        return buffer.Span(0, checked((int)bytes));
    }

    /// <summary>Forgets the tensors and keeps their memory.</summary>
    public void Clear()
    {
        _values.ForEach(value => value.Dispose());
        _values.Clear();
    }

    public void Dispose()
    {
        Clear();
        _buffers.ForEach(buffer => buffer.Dispose());
    }
}
