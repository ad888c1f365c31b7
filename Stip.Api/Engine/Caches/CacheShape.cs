using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Caches;

/// <summary>Sizes of an arena: <c>[slots, kv_heads, capacity, head_dim]</c> for each tensor, whatever the order of its
/// axes in the graph: its blocks and runs count as heads.</summary>
internal sealed record CacheShape(
    TensorDtype Dtype, IReadOnlyList<CacheTensor> Tensors, int Slots, int CapacityTokens)
{
    /// <summary>Tokens beside its window that a bounded tensor has room for; null for the usual.</summary>
    public int? SpareTokens { get; init; }

    /// <summary>What bounded tensors keep, each window once. A state keeps what was last: it is never cut but to
    /// nothing.</summary>
    public IReadOnlyList<BoundedCache> Bounds =>
    [
        .. Tensors.Select(tensor => tensor.Window).Where(window => window > 0).Distinct().Select(BoundOf),
        .. Tensors.Any(tensor => tensor.IsState) ? [OfStates] : Array.Empty<BoundedCache>(),
    ];

    /// <summary>What a state keeps of a sequence.</summary>
    public static BoundedCache OfStates { get; } = new(Window: 1, Rows: 1);

    /// <summary>One slot of all tensors.</summary>
    public long SlotTotalBytes => Enumerable.Range(0, Tensors.Count).Sum(SlotBytes);

    /// <summary>Most tokens of which every tensor of one sequence, as long as they are, is as large as one may be: the
    /// runtime's are read and written as a whole.</summary>
    public int MostTokens => Enumerable.Range(0, Tensors.Count).Where(tensor => !Tensors[tensor].IsState)
        .Select(tensor => int.MaxValue / Math.Max(1, Heads(tensor) * TokenBytes(tensor)))
        .DefaultIfEmpty(int.MaxValue).Min();

    public int Heads(int tensor) => Tensors[tensor].Blocks * Tensors[tensor].Runs;

    public int TokenBytes(int tensor) => Tensors[tensor].Width * Dtype.ByteSize();

    /// <summary>Tokens that a tensor has room for.</summary>
    public int Rows(int tensor) =>
        Tensors[tensor].IsState ? OfStates.Rows
            : Tensors[tensor].Window is > 0 and var window ? BoundOf(window).Rows
            : CapacityTokens;

    /// <summary>One head of one slot of one tensor.</summary>
    public long HeadBytes(int tensor) => (long)Rows(tensor) * TokenBytes(tensor);

    /// <summary>What the first tokens of a sequence take of a head at most.</summary>
    public long UsedBytes(int tensor, int tokens) => (long)Math.Min(tokens, Rows(tensor)) * TokenBytes(tensor);

    /// <summary>One slot of one tensor.</summary>
    public long SlotBytes(int tensor) => Heads(tensor) * HeadBytes(tensor);

    public static CacheShape Of(DecoderSnapshot decoder, int slots, int capacityTokens, int? spareTokens = null) =>
        new(decoder.CacheDtype, decoder.CacheTensors, slots, capacityTokens) { SpareTokens = spareTokens };

    private BoundedCache BoundOf(int window) => BoundedCache.For(window, CapacityTokens, SpareTokens);
}
