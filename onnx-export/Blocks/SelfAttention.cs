using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>GroupQueryAttention over one packed projection, with past and present in one buffer.</summary>
/// <param name="decoder">The graph.</param>
/// <param name="heads">Sizes.</param>
/// <param name="rotary">Rotary tables, null where positions are not rotary.</param>
internal sealed class SelfAttention(DecoderGraph decoder, AttentionHeads heads, RotaryTables? rotary)
{
    private const string SplitSizes = "attention.split";

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="layer">Index of the layer.</param>
    /// <param name="packed">Queries, keys and values side by side <c>[batch, seq, (heads +
    /// 2·kv_heads)·head_dim]</c>.</param>
    /// <param name="scale">Factor on the scores.</param>
    /// <returns>Name of the output <c>[batch, seq, heads·head_dim]</c>.</returns>
    public string Append(int layer, string packed, double scale)
    {
        var name = $"layers.{layer}.attention";
        var (query, key, value) = heads.NeedsPositions ? SplitAndTurn(name, packed) : (packed, "", "");
        List<string> inputs =
        [
            query, key, value,
            DecoderPorts.Past(layer, "key"), DecoderPorts.Past(layer, "value"),
            DecoderPorts.Lengths, DecoderPorts.TotalLength,
        ];
        if (heads.FusesRotary)
        {
            inputs.AddRange([rotary!.Cosines, rotary.Sines]);
        }

        string[] outputs = [$"{name}/output", DecoderPorts.Present(layer, "key"), DecoderPorts.Present(layer, "value")];
        return decoder.Graph.AddMicrosoft(
            "GroupQueryAttention",
            name,
            inputs,
            outputs,
            NodeAttribute.Int("num_heads", heads.Heads),
            NodeAttribute.Int("kv_num_heads", heads.KvHeads),
            NodeAttribute.Float("scale", scale),
            NodeAttribute.Int("do_rotary", heads.FusesRotary ? 1 : 0),
            NodeAttribute.Int("rotary_interleaved", 0))[0];
    }

    private (string Query, string Key, string Value) SplitAndTurn(string name, string packed)
    {
        var graph = decoder.Graph;
        if (!graph.Has(SplitSizes))
        {
            var width = heads.KeysOrValues.Length;
            graph.AddConstant(SplitSizes, heads.Queries.Length, width, width);
        }

        var parts = graph.Append(
            "",
            "Split",
            $"{name}/Split",
            [packed, SplitSizes],
            [$"{name}/q", $"{name}/k", $"{name}/v"],
            NodeAttribute.Int("axis", -1));
        var query = Turn($"{name}.q_rotary", parts[0], heads.Heads);
        var key = Turn($"{name}.k_rotary", parts[1], heads.KvHeads);
        return (query, key, parts[2]);
    }

    private string Turn(string name, string input, int count)
    {
        // Channels that were filled in lie after the stored ones and are not turned.
        var turned = heads.PaddedDim == heads.Dim ? 0 : heads.Dim;
        return decoder.Graph.AddMicrosoft(
            "RotaryEmbedding",
            name,
            [input, DecoderPorts.Positions, rotary!.Cosines, rotary.Sines],
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", count),
            NodeAttribute.Int("rotary_embedding_dim", turned),
            NodeAttribute.Int("interleaved", 0))[0];
    }
}
