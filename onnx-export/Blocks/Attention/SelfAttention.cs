using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Causal attention with its projections: GroupQueryAttention over past and present in one buffer.</summary>
/// <param name="Heads">Sizes.</param>
/// <param name="Projection">How queries, keys and values are stored.</param>
/// <param name="Output">How the way back is stored.</param>
internal sealed record SelfAttention(AttentionHeads Heads, QkvProjection Projection, OutputProjection Output)
{
    private const int SinksInput = 11;

    /// <summary>Factor on the scores.</summary>
    public double Scale { get; init; } = 1 / Math.Sqrt(Heads.Dim);

    /// <summary>How positions turn queries and keys; null where they do not.</summary>
    public RotaryTables? Rotary { get; init; }

    /// <summary>A norm on queries and keys, null where there is none.</summary>
    public HeadNorm? Norm { get; init; }

    /// <summary>How many tokens a query sees, itself included; null for all.</summary>
    public int? Window { get; init; }

    /// <summary>Scores are bent to stay below this; 0 leaves them.</summary>
    public double Softcap { get; init; }

    /// <summary>Slopes by which far keys lose, null where there are none.</summary>
    public LinearBias? Bias { get; init; }

    /// <summary>Name of what each head scores beside its keys, null where a query's shares sum to 1.</summary>
    public string? Sinks { get; init; }

    /// <summary>Name of what each row lets through of the channels that were attended, null where all comes
    /// through.</summary>
    public string? Gate { get; init; }

    /// <summary>A norm over what was attended, null where there is none.</summary>
    public InnerNorm? Before { get; init; }

    /// <summary>Largest magnitude of queries and keys after their norm, and of values; null where they are not
    /// cut.</summary>
    public double? Clip { get; init; }

    /// <summary>Name of a factor on queries <c>[batch, seq, 1]</c> that hangs on positions, null for none.</summary>
    public string? QueryFactor { get; init; }

    /// <summary>Name of what is added to scores <c>[batch, 1, seq, total]</c>, null for nothing.</summary>
    public string? Mask { get; init; }

    private bool FusesRotary => Rotary is { IsLookedUp: false };

    private bool TakesPacked => Norm is null && QueryFactor is null && (Rotary is null || FusesRotary);

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="input">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="part">Where its weights are in the layer.</param>
    /// <returns>Name of the output <c>[batch, seq, hidden]</c>.</returns>
    public string Append(DecoderLayer layer, string input, string part)
    {
        var (decoder, name) = (layer.Decoder, layer.Name("attention"));
        var headDim = Norm is null ? Heads.PaddedDim : Heads.Dim;
        var packed = Projection.Append(decoder, $"{name}.qkv", input, layer.Tensor(part), Heads, headDim);
        if (decoder.Mask is not null)
        {
            var parts = Prepared(layer, packed, layer.Tensor(part), headDim);
            var joined = BothSides().Append(decoder, name, parts.Query, parts.Key, parts.Value);
            return Output.Append(decoder, $"{name}.output", joined, layer.Tensor(part), Heads.Queries);
        }

        var (query, key, value) = TakesPacked ? (packed, "", "") : Prepared(layer, packed, layer.Tensor(part), headDim);
        List<string> inputs =
        [
            query, key, value,
            decoder.Past(layer.Index, "key"), decoder.Past(layer.Index, "value"),
            DecoderPorts.Lengths, DecoderPorts.TotalLength,
        ];
        var added = Bias?.Append(decoder) ?? Mask;
        inputs.AddRange(FusesRotary ? [Rotary!.Cosines, Rotary.Sines] : added is null ? [] : ["", ""]);
        if (added is not null)
        {
            inputs.AddRange(["", added]);
        }

        if (Sinks is not null)
        {
            var heads = HeadPadding.None(Heads.Heads);
            var stored = decoder.Tensors.Require($"{layer.Tensor(part)}.{Sinks}", heads.Length);
            inputs.AddRange(Enumerable.Repeat("", SinksInput - inputs.Count));
            inputs.Add(decoder.Graph.AddWeight($"{name}.sinks", decoder.Weights.Vector((stored, heads))));
        }

        string[] outputs =
        [
            $"{name}/output", DecoderPorts.Present(layer.Index, "key"), DecoderPorts.Present(layer.Index, "value"),
        ];
        var attended = decoder.Graph.AddMicrosoft(
            "GroupQueryAttention", name, inputs, outputs, [.. Attributes(layer)])[0];
        if (Gate is not null)
        {
            attended = Gated(decoder, $"{name}.gate", input, $"{layer.Tensor(part)}.{Gate}", attended);
        }

        attended = Before?.Append(decoder, name, layer.Tensor(part), attended, Heads.Queries) ?? attended;
        return Output.Append(decoder, $"{name}.output", attended, layer.Tensor(part), Heads.Queries);
    }

    private TwoSidedAttention BothSides() =>
        Softcap > 0 || Bias is not null || Sinks is not null || Gate is not null || Mask is not null
            ? throw new RefusedException("a decoder whose tokens see those after them may not have capped or biased "
                + "scores, sinks or gates")
            : new TwoSidedAttention(Heads, Scale, Window);

    private string Gated(DecoderGraph decoder, string name, string input, string tensor, string attended)
    {
        var stored = decoder.Tensors.Require($"{tensor}.weight", Heads.Queries.StoredLength, decoder.HiddenSize);
        var part = new LinearPart(stored, HeadPadding.None(decoder.HiddenSize), Heads.Queries);
        var scores = Linear.Append(decoder, name, input, [part], bias: null);
        var share = decoder.Graph.Add("Sigmoid", $"{name}/Sigmoid", [scores]);
        return decoder.Graph.Add("Mul", $"{name}/Mul", [attended, share]);
    }

    private IEnumerable<AttributeProto> Attributes(DecoderLayer layer)
    {
        yield return NodeAttribute.Int("num_heads", Heads.Heads);
        yield return NodeAttribute.Int("kv_num_heads", Heads.KvHeads);
        yield return NodeAttribute.Float("scale", Scale);
        yield return NodeAttribute.Int("do_rotary", FusesRotary ? 1 : 0);
        yield return NodeAttribute.Int("rotary_interleaved", FusesRotary && Rotary!.IsInterleaved ? 1 : 0);
        if (Window is { } window)
        {
            yield return NodeAttribute.Int("local_window_size", window);
            // What is added to scores is made for every position.
            if (layer.Decoder.SeesWindow(layer.Index, window, mayBound: Bias is null && Mask is null))
            {
                yield return NodeAttribute.Int("sliding_window_cache", 1);
            }
        }

        if (Softcap > 0)
        {
            yield return NodeAttribute.Float("softcap", Softcap);
        }
    }

    private (string Query, string Key, string Value) Prepared(
        DecoderLayer layer, string packed, string tensor, int headDim)
    {
        var (graph, name) = (layer.Decoder.Graph, layer.Name("attention"));
        var sizes = graph.Shared(
            "attention.split", Heads.Heads * headDim, Heads.KvHeads * headDim, Heads.KvHeads * headDim);
        var parts = graph.Append(
            "",
            "Split",
            $"{name}/Split",
            [packed, sizes],
            [$"{name}/q", $"{name}/k", $"{name}/v"],
            NodeAttribute.Int("axis", -1));
        var (query, key, value) = (parts[0], parts[1], parts[2]);
        if (Norm is { FollowsRotary: false })
        {
            (query, key) = Normed(layer, Norm, tensor, headDim, query, key);
        }

        if (Clip is { } limit)
        {
            query = Clipped(layer.Decoder, $"{name}.q_clip", query, limit);
            key = Clipped(layer.Decoder, $"{name}.k_clip", key, limit);
            value = Clipped(layer.Decoder, $"{name}.v_clip", value, limit);
        }

        if (Rotary is { IsLookedUp: true })
        {
            // Channels beyond the turned ones, filled in or not, come after them.
            var turned = Heads.RotaryDim == headDim ? 0 : Heads.RotaryDim;
            query = Rotary.Turn(graph, $"{name}.q_rotary", query, Heads.Heads, turned);
            key = Rotary.Turn(graph, $"{name}.k_rotary", key, Heads.KvHeads, turned);
        }

        if (Norm is { FollowsRotary: true })
        {
            (query, key) = Normed(layer, Norm, tensor, headDim, query, key);
        }

        query = QueryFactor is null ? query : graph.Add("Mul", $"{name}.q_factor/Mul", [query, QueryFactor]);
        if (headDim != Heads.PaddedDim)
        {
            query = HeadFilling.Append(graph, $"{name}.q_filled", query, Heads.Queries);
            key = HeadFilling.Append(graph, $"{name}.k_filled", key, Heads.KeysOrValues);
            value = HeadFilling.Append(graph, $"{name}.v_filled", value, Heads.KeysOrValues);
        }

        return (query, key, value);
    }

    private static string Clipped(DecoderGraph decoder, string name, string rows, double limit) => decoder.Graph.Add(
        "Clip", name, [rows, decoder.Scalar($"{name}.lowest", -limit), decoder.Scalar($"{name}.highest", limit)]);

    private (string Query, string Key) Normed(
        DecoderLayer layer, HeadNorm norm, string tensor, int headDim, string query, string key) => (
        norm.Append(
            layer,
            "attention.q_norm",
            $"{tensor}.{norm.QueryPart}",
            query,
            Heads.Queries with { Padded = headDim }),
        norm.Append(
            layer,
            "attention.k_norm",
            $"{tensor}.{norm.KeyPart}",
            key,
            Heads.KeysOrValues with { Padded = headDim }));
}
