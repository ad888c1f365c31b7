using Stip.Export.Blocks.Positions;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Attention of a decoder's rows over those before and after them, in texts that go in whole.</summary>
/// <param name="Heads">Sizes.</param>
/// <param name="Scale">Factor on the scores.</param>
/// <param name="Window">How far a row sees on either side, itself included; null for everything.</param>
internal sealed record TwoSidedAttention(AttentionHeads Heads, double Scale, int? Window)
{
    /// <summary>Appends it to queries, keys and values <c>[batch, seq, heads·dim]</c>.</summary>
    public string Append(DecoderGraph decoder, string name, string query, string key, string value)
    {
        var inputs = new List<string>
        {
            query, Repeated($"{name}.k_shared", key), Repeated($"{name}.v_shared", value), "", decoder.Mask!,
        };
        if (Window is { } window)
        {
            inputs.Add(RowDistances.AppendWindow(decoder, window - 1));
        }

        return decoder.Graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            inputs,
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", Heads.Heads),
            NodeAttribute.Float("scale", Scale))[0];

        string Repeated(string repeated, string rows) => SharedHeads.Append(
            decoder.Graph, repeated, rows, Heads.KvHeads, Heads.Heads, Heads.PaddedDim);
    }
}
