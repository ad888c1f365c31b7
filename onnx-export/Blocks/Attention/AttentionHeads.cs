using Stip.Onnx;

namespace Stip.Export.Blocks.Attention;

/// <summary>Sizes of an attention layer, and what ONNX Runtime's kernel asks of them.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key/value heads; divides <paramref name="Heads"/>.</param>
/// <param name="Dim">Channels of a head.</param>
/// <param name="RotaryDim">Channels of a head, the first ones, that are turned by their position; 0 for none.</param>
internal sealed record AttentionHeads(int Heads, int KvHeads, int Dim, int RotaryDim = 0)
{
    // GroupQueryAttention on the CPU: head sizes in multiples of 8, and of 16 where it turns the heads itself.
    private const int KernelMultiple = 8;
    private const int RotaryMultiple = 16;

    /// <summary>Channels of a head in the graph: filled up with zeros where the kernel asks for it.</summary>
    public int PaddedDim => (Dim + KernelMultiple - 1) / KernelMultiple * KernelMultiple;

    /// <summary>True where the attention kernel turns the heads itself.</summary>
    public bool FusesRotary => RotaryDim > 0 && Dim % RotaryMultiple == 0 && RotaryDim % RotaryMultiple == 0;

    /// <summary>True where rotary embedding is a node of its own, which wants to be told the positions.</summary>
    public bool NeedsPositions => RotaryDim > 0 && !FusesRotary;

    /// <summary>Query heads in the checkpoint, the first ones; 0 where there are as many as in the graph.</summary>
    public int StoredHeads { get; init; }

    /// <summary>Key/value heads in the checkpoint, the first ones; 0 where there are as many.</summary>
    public int StoredKvHeads { get; init; }

    public HeadPadding Queries => Filled(Heads, [(Heads, StoredHeads)]);

    public HeadPadding KeysOrValues => Filled(KvHeads, [(KvHeads, StoredKvHeads)]);

    /// <summary>Queries, keys and values side by side, the heads of each in order.</summary>
    public HeadPadding Packed => Filled(
        Heads + 2 * KvHeads, [(Heads, StoredHeads), (KvHeads, StoredKvHeads), (KvHeads, StoredKvHeads)]);

    /// <summary>The same sizes of a layer with fewer heads, filled up with heads of zeros.</summary>
    /// <exception cref="RefusedException">Its key/value heads serve another number of queries each.</exception>
    public AttentionHeads FilledFrom(int heads, int kvHeads) => heads * KvHeads == kvHeads * Heads
        ? this with { StoredHeads = heads == Heads ? 0 : heads, StoredKvHeads = kvHeads == KvHeads ? 0 : kvHeads }
        : throw new RefusedException($"config.json: {heads} attention heads with {kvHeads} key/value heads stand "
            + $"beside {Heads} with {KvHeads} of another layer; each key/value head must serve as many everywhere");

    private HeadPadding Filled(int heads, (int Heads, int Stored)[] parts)
    {
        var padding = new HeadPadding(heads, Dim, PaddedDim);
        if (StoredHeads == 0)
        {
            return padding;
        }

        var order = new List<int>();
        var stored = 0;
        foreach (var part in parts)
        {
            order.AddRange(Enumerable.Range(0, part.Heads).Select(head => head < part.Stored ? stored + head : -1));
            stored += part.Stored;
        }

        return padding with { StoredHeads = stored, Order = order };
    }

    /// <summary>Refuses sizes that no model has.</summary>
    public AttentionHeads Checked()
    {
        if (Heads % KvHeads != 0)
        {
            throw new RefusedException($"config.json: {Heads} attention heads cannot share {KvHeads} key/value heads; "
                + "the second must divide the first");
        }

        if (RotaryDim > Dim)
        {
            throw new RefusedException(
                $"config.json: {RotaryDim} rotary channels are more than the {Dim} that a head has");
        }

        return RotaryDim % 2 == 0
            ? this
            : throw new RefusedException(RotaryDim == Dim
                ? $"config.json: head_dim is {Dim}; rotary embedding needs an even number"
                : $"config.json: {RotaryDim} channels of a head are turned; rotary embedding needs an even number");
    }
}
