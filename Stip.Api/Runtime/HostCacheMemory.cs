using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>A cache in the machine's own memory, one allocation for all layers.</summary>
internal sealed class HostCacheMemory : CacheMemory
{
    private readonly NativeBuffer _buffer;
    private readonly OrtValue[] _tensors;

    public HostCacheMemory(CacheShape shape)
        : base(shape)
    {
        _buffer = new NativeBuffer(shape.TotalBytes);
        _tensors = [.. Enumerable.Range(0, shape.TensorCount).Select(i => OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, shape.Dtype.ToOrt(), shape.Axes,
            _buffer.Start + (nint)(i * shape.TensorBytes), shape.TensorBytes))];
    }

    public override IReadOnlyList<OrtValue> Tensors => _tensors;

    public override void Clear(int usedTokens)
    {
        var headBytes = (long)Shape.CapacityTokens * Shape.TokenBytes;
        var usedBytes = usedTokens * Shape.TokenBytes;
        for (var head = 0L; head < (long)Shape.TensorCount * Shape.KvHeads; head++)
        {
            _buffer.Span(head * headBytes, usedBytes).Clear();
        }
    }

    public override void Dispose()
    {
        foreach (var tensor in _tensors)
        {
            tensor.Dispose();
        }

        _buffer.Dispose();
    }
}
