using Stip.Api.Engine;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>Sizes of one cache.</summary>
internal sealed record CacheShape(TensorDtype Dtype, int TensorCount, int KvHeads, int CapacityTokens, int HeadDim)
{
    public long[] Axes => [1, KvHeads, CapacityTokens, HeadDim];

    public int TokenBytes => HeadDim * Dtype.ByteSize();

    public long TensorBytes => (long)KvHeads * CapacityTokens * TokenBytes;

    public long TotalBytes => TensorCount * TensorBytes;

    public static CacheShape Of(DecoderSnapshot decoder, int capacityTokens) => new(
        decoder.CacheDtype, 2 * decoder.Cache.Layers, decoder.Cache.KvHeads, capacityTokens, decoder.Cache.HeadDim);
}
