using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>A cache in the accelerator's memory.</summary>
internal sealed class DeviceCacheMemory : CacheMemory
{
    private readonly List<OrtValue> _tensors = [];

    public DeviceCacheMemory(CacheShape shape, OrtAllocator allocator)
        : base(shape)
    {
        try
        {
            for (var i = 0; i < shape.TensorCount; i++)
            {
                _tensors.Add(OrtValue.CreateAllocatedTensorValue(allocator, shape.Dtype.ToOrt(), shape.Axes));
            }

            Clear(shape.CapacityTokens);
        }
        catch (OnnxRuntimeException e)
        {
            Dispose();
            throw new InsufficientMemoryException($"{shape.TotalBytes} bytes cannot be had on the device", e);
        }
    }

    public override IReadOnlyList<OrtValue> Tensors => _tensors;

    // The whole tensor is overwritten: a device offers no cheaper way to reach only the used rows of each head.
    public override void Clear(int usedTokens)
    {
        using var zeros = new NativeBuffer(Shape.TensorBytes);
        using var source = OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, Shape.Dtype.ToOrt(), Shape.Axes, zeros.Start, Shape.TensorBytes);
        foreach (var tensor in _tensors)
        {
            OrtEnv.Instance().CopyTensors([source], [tensor], null);
        }
    }

    public override void Dispose()
    {
        foreach (var tensor in _tensors)
        {
            tensor.Dispose();
        }
    }
}
