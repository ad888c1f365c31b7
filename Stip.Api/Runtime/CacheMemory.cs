using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>Where a cache lies: one tensor <c>[1, kv_heads, capacity, head_dim]</c> for each name.</summary>
internal abstract class CacheMemory(CacheShape shape) : IDisposable
{
    protected CacheShape Shape => shape;

    public int CapacityTokens => shape.CapacityTokens;

    public abstract IReadOnlyList<OrtValue> Tensors { get; }

    public abstract void Clear(int usedTokens);

    public abstract void Dispose();
}
