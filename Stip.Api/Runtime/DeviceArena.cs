using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine.Caches;

namespace Stip.Api.Runtime;

/// <summary>An arena in the accelerator's memory.</summary>
internal sealed class DeviceArena : OrtArena
{
    private readonly List<OrtMemoryAllocation> _tensors = [];
    private readonly NativeBuffer _zeros;

    public DeviceArena(CacheShape shape, OrtAllocator allocator)
        : base(shape)
    {
        _zeros = new NativeBuffer(shape.SlotBytes);
        Memory = allocator.Info;
        try
        {
            for (var i = 0; i < shape.TensorCount; i++)
            {
                // One block of an allocator is at most 4 GiB.
                _tensors.Add(allocator.Allocate(checked((uint)(shape.Slots * shape.SlotBytes))));
            }

            for (var slot = 0; slot < shape.Slots; slot++)
            {
                Clear(slot, shape.CapacityTokens);
            }
        }
        catch (Exception e) when (e is OnnxRuntimeException or OverflowException)
        {
            Dispose();
            throw new InsufficientMemoryException(
                $"{shape.Slots * shape.SlotTotalBytes} bytes cannot be had on the device", e);
        }
    }

    protected override OrtMemoryInfo Memory { get; }

    // The whole slot is overwritten: a device offers no cheaper way to reach only the used rows of each head.
    public override void Clear(int slot, int usedTokens)
    {
        using var source = OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, Shape.Dtype.ToOrt(), Shape.Axes(1), _zeros.Start, Shape.SlotBytes);
        for (var i = 0; i < _tensors.Count; i++)
        {
            using var target = View(i, slot, 1);
            OrtEnv.Instance().CopyTensors([source], [target], null);
        }
    }

    public override void Copy(int source, ICacheArena targetArena, int target, int usedTokens)
    {
        var other = (DeviceArena)targetArena;
        if (other.Shape.CapacityTokens != Shape.CapacityTokens)
        {
            CopyHeads(source, other, target, usedTokens);
            return;
        }

        for (var i = 0; i < _tensors.Count; i++)
        {
            using var from = View(i, source, 1);
            using var to = other.View(i, target, 1);
            OrtEnv.Instance().CopyTensors([from], [to], null);
        }
    }

    // Slots of another length: heads lie further apart there, so each is copied by itself.
    private void CopyHeads(int source, DeviceArena other, int target, int usedTokens)
    {
        if (usedTokens == 0)
        {
            return;
        }

        for (var i = 0; i < _tensors.Count; i++)
        {
            for (var head = 0; head < Shape.KvHeads; head++)
            {
                using var from = HeadView(i, source, head, usedTokens);
                using var to = other.HeadView(i, target, head, usedTokens);
                OrtEnv.Instance().CopyTensors([from], [to], null);
            }
        }
    }

    protected override void FreeMemory()
    {
        _tensors.ForEach(tensor => tensor.Dispose());
        _zeros.Dispose();
    }

    protected override nint Start(int tensor) => _tensors[tensor].DangerousGetHandle();
}
