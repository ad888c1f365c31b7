using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>Which decoders a device would serve worse than the host.</summary>
internal static class Placement
{
    /// <summary>One line where a decoder stays on the host although there is a CUDA device; null where it does not.
    /// </summary>
    /// <remarks>ONNX Runtime registers its CUDA kernel of GroupQueryAttention for float16 and bfloat16 only. Of other
    /// types it runs on the host, and every layer's whole cache would cross the bus twice a token.</remarks>
    public static string? ReasonForHost(DecoderSnapshot decoder) =>
        decoder.Sequence is null && decoder.Cache.Layout == CacheLayouts.Shared
            && decoder.CacheDtype is not (TensorDtype.Float16 or TensorDtype.BFloat16)
            ? $"CUDA has attention over a shared cache for float16 and bfloat16, and its cache is "
                + $"{decoder.CacheDtype.WireName()} (export with --dtype float16)"
            : null;
}
