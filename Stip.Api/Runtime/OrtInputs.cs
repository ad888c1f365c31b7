using System.Buffers;
using Microsoft.ML.OnnxRuntime;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>Tensors of a pass as ONNX Runtime sees them where they are, without a copy.</summary>
internal sealed unsafe class OrtInputs : IDisposable
{
    private readonly List<MemoryHandle> _pinned = [];
    private readonly List<OrtValue> _values = [];

    /// <param name="tensors">Stay where they are until these are disposed of.</param>
    public OrtInputs(IReadOnlyList<TensorPayload> tensors)
    {
        try
        {
            foreach (var tensor in tensors)
            {
                Add(tensor);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<OrtValue> Values => _values;

    public void Dispose()
    {
        _values.ForEach(value => value.Dispose());
        _pinned.ForEach(handle => handle.Dispose());
    }

    private void Add(TensorPayload tensor)
    {
        _ = TensorDtypes.TryParseWire(tensor.Dtype, out var dtype);
        var handle = tensor.Data.Pin();
        _pinned.Add(handle);
        _values.Add(OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, dtype.ToOrt(), [.. tensor.Shape], (nint)handle.Pointer,
            tensor.Data.Length));
    }
}
