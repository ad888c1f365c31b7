using Stip.Export.Blocks.Weights;

namespace Stip.Export.Blocks.Attention;

/// <summary>Queries, keys and values as one product, however the checkpoint stores them.</summary>
/// <param name="Parts">One stored projection that holds all three, or those of queries, keys and values.</param>
/// <param name="HasBias">True where each has a bias.</param>
internal sealed record QkvProjection(IReadOnlyList<string> Parts, bool HasBias)
{
    /// <summary>True for torch's Linear, false for GPT-2's Conv1D.</summary>
    public bool StoredOutputsFirst { get; init; } = true;

    /// <summary>Where a fused projection stores each head, in the order queries, keys, values; null where it stores
    /// them in this order.</summary>
    public Func<AttentionHeads, int[]>? Order { get; init; }

    /// <summary>Largest magnitude of what is projected, null where it is not cut.</summary>
    public double? Clip { get; init; }

    /// <summary>Three projections.</summary>
    public static QkvProjection Apart(bool hasBias, params IReadOnlyList<string> parts) =>
        new(parts.Count == 3 ? parts : ["q_proj", "k_proj", "v_proj"], hasBias);

    /// <summary>Appends the product.</summary>
    /// <param name="decoder">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="input">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="tensor">Where the projections are in the checkpoint.</param>
    /// <param name="heads">Sizes.</param>
    /// <param name="headDim">Channels of a head in the graph.</param>
    /// <returns>Queries, keys and values side by side <c>[batch, seq, (heads + 2·kv_heads)·headDim]</c>.</returns>
    public string Append(
        DecoderGraph decoder, string name, string input, string tensor, AttentionHeads heads, int headDim)
    {
        var inputs = HeadPadding.None(decoder.HiddenSize);
        var sources = Sources(heads, headDim).Select(source => (Name: $"{tensor}.{source.Part}", source.Channels))
            .ToList();
        var parts = sources.Select(source =>
        {
            var (rows, columns) = StoredOutputsFirst
                ? (source.Channels.StoredLength, inputs.Length)
                : (inputs.Length, source.Channels.StoredLength);
            return new LinearPart(
                decoder.Tensors.Require($"{source.Name}.weight", rows, columns),
                inputs,
                source.Channels,
                StoredOutputsFirst);
        }).ToList();
        var bias = HasBias
            ? decoder.Weights.Vector([.. sources.Select(source => (
                decoder.Tensors.Require($"{source.Name}.bias", source.Channels.StoredLength), source.Channels))])
            : null;
        return Clipped(decoder, name, Linear.Append(decoder, name, input, parts, bias));
    }

    private IEnumerable<(string Part, HeadPadding Channels)> Sources(AttentionHeads heads, int headDim) =>
        Parts.Count == 1
            ? [(Parts[0], Order is null
                ? heads.Packed with { Padded = headDim }
                : heads.Packed with { Padded = headDim, Order = Order(heads) })]
            :
            [
                (Parts[0], heads.Queries with { Padded = headDim }),
                (Parts[1], heads.KeysOrValues with { Padded = headDim }),
                (Parts[2], heads.KeysOrValues with { Padded = headDim }),
            ];

    private string Clipped(DecoderGraph decoder, string name, string rows) => Clip is { } limit
        ? decoder.Graph.Add(
            "Clip",
            $"{name}/Clip",
            [rows, decoder.Scalar($"{name}.lowest", -limit), decoder.Scalar($"{name}.highest", limit)])
        : rows;
}
