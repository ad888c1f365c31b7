using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>Sizes of an arena: <c>[slots, kv_heads, capacity, head_dim]</c> for each tensor, whatever the order of its
/// axes in the graph: its blocks and runs count as heads.</summary>
internal sealed record CacheShape(
    TensorDtype Dtype, IReadOnlyList<CacheTensor> Tensors, int Slots, int CapacityTokens)
{
    /// <summary>One slot of all tensors.</summary>
    public long SlotTotalBytes => Enumerable.Range(0, Tensors.Count).Sum(SlotBytes);

    public int Heads(int tensor) => Tensors[tensor].Blocks * Tensors[tensor].Runs;

    public int TokenBytes(int tensor) => Tensors[tensor].Width * Dtype.ByteSize();

    /// <summary>One head of one slot of one tensor.</summary>
    public long HeadBytes(int tensor) => (long)CapacityTokens * TokenBytes(tensor);

    /// <summary>One slot of one tensor.</summary>
    public long SlotBytes(int tensor) => Heads(tensor) * HeadBytes(tensor);

    public static CacheShape Of(DecoderSnapshot decoder, int slots, int capacityTokens) =>
        new(decoder.CacheDtype, decoder.CacheTensors, slots, capacityTokens);
}
