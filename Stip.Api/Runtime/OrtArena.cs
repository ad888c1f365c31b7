using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;

namespace Stip.Api.Runtime;

/// <summary>An arena whose ranges of slots ONNX Runtime sees as tensors, without a copy.</summary>
internal abstract class OrtArena(CacheShape shape) : ICacheArena
{
    private readonly IReadOnlyList<BoundedCache> _bounds = shape.Bounds;

    /// <summary>Raised before the memory goes, for whoever still has it bound.</summary>
    public event Action<ICacheArena>? Ending;

    public int Slots => shape.Slots;

    public int CapacityTokens => shape.CapacityTokens;

    public CacheShape Shape => shape;

    /// <summary>Where the tensors lie.</summary>
    protected abstract OrtMemoryInfo Memory { get; }

    /// <summary>A tensor <c>[count, kv_heads, capacity, head_dim]</c> over neighbouring slots.</summary>
    public OrtValue View(int tensor, int first, int count) => OrtValue.CreateTensorValueWithData(
        Memory, shape.Dtype.ToOrt(), shape.Tensors[tensor].Shape(count, shape.Rows(tensor)),
        Start(tensor) + (nint)(first * shape.SlotBytes(tensor)), count * shape.SlotBytes(tensor));

    public bool CanRewind(int tokens, int position)
    {
        foreach (var bound in _bounds)
        {
            if (!bound.CanRewind(tokens, position))
            {
                return false;
            }
        }

        return true;
    }

    public abstract void Clear(int slot, int usedTokens);

    public abstract void Copy(int source, ICacheArena targetArena, int target, int usedTokens);

    public void Dispose()
    {
        Ending?.Invoke(this);
        FreeMemory();
    }

    protected abstract void FreeMemory();

    protected abstract nint Start(int tensor);
}
