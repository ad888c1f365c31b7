using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine.Caches;

namespace Stip.Api.Runtime;

/// <summary>An arena in the accelerator's memory.</summary>
internal sealed class DeviceArena : OrtArena
{
    // What steps, kernels and recordings take beside the caches.
    private const long LeastReserveBytes = 512L << 20;
    private const int ReservePart = 8;
    private readonly List<nint> _tensors = [];
    private readonly IDeviceMemory _memory;

    /// <exception cref="InsufficientMemoryException">There is no memory for it.</exception>
    public DeviceArena(CacheShape shape, IDeviceMemory memory)
        : base(shape)
    {
        _memory = memory;
        var (bytes, free) = (shape.Slots * shape.SlotTotalBytes, memory.FreeBytes);
        if (bytes > free - Math.Max(LeastReserveBytes, free / ReservePart))
        {
            throw new InsufficientMemoryException($"{bytes} bytes of cache leave too little of the device's {free}");
        }

        try
        {
            for (var i = 0; i < shape.Tensors.Count; i++)
            {
                var slotBytes = shape.SlotBytes(i);
                _tensors.Add(memory.Allocate(shape.Slots * slotBytes));
                memory.ClearRows(_tensors[i], slotBytes, slotBytes, shape.Slots);
            }

            memory.Wait();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    protected override OrtMemoryInfo Memory => _memory.Info;

    // The heads of a slot lie a capacity apart; of each, only the used tokens are touched.
    public override void Clear(int slot, int usedTokens)
    {
        for (var i = 0; usedTokens > 0 && i < _tensors.Count; i++)
        {
            _memory.ClearRows(
                At(i, slot), Shape.HeadBytes(i), Shape.UsedBytes(i, usedTokens), Shape.Heads(i));
        }

        _memory.Wait();
    }

    public override void Copy(int source, ICacheArena targetArena, int target, int usedTokens)
    {
        var other = (DeviceArena)targetArena;
        for (var i = 0; usedTokens > 0 && i < _tensors.Count; i++)
        {
            _memory.CopyRows(
                At(i, source), Shape.HeadBytes(i), other.At(i, target), other.Shape.HeadBytes(i),
                Shape.UsedBytes(i, usedTokens), Shape.Heads(i));
        }

        _memory.Wait();
    }

    protected override void FreeMemory()
    {
        _tensors.ForEach(_memory.Free);
        _tensors.Clear();
    }

    protected override nint Start(int tensor) => _tensors[tensor];

    private nint At(int tensor, int slot) => _tensors[tensor] + (nint)(slot * Shape.SlotBytes(tensor));
}
