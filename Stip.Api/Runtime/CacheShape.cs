using Stip.Api.Engine;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>Sizes of an arena: <c>[slots, kv_heads, capacity, head_dim]</c> for each tensor.</summary>
internal sealed record CacheShape(
    TensorDtype Dtype, int TensorCount, int Slots, int KvHeads, int CapacityTokens, int HeadDim)
{
    public int TokenBytes => HeadDim * Dtype.ByteSize();

    /// <summary>One head of one slot of one tensor.</summary>
    public long HeadBytes => (long)CapacityTokens * TokenBytes;

    /// <summary>One slot of one tensor.</summary>
    public long SlotBytes => KvHeads * HeadBytes;

    /// <summary>One slot of all tensors.</summary>
    public long SlotTotalBytes => TensorCount * SlotBytes;

    public long[] Axes(int slots) => [slots, KvHeads, CapacityTokens, HeadDim];

    public static CacheShape Of(DecoderSnapshot decoder, int slots, int capacityTokens) => new(
        decoder.CacheDtype, 2 * decoder.Cache.Layers, slots, decoder.Cache.KvHeads, capacityTokens,
        decoder.Cache.HeadDim);
}
