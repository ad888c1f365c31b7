using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Caches;

/// <summary>Where attention operators take a cache and where they give it back.</summary>
internal static class CacheSlots
{
    private static readonly Dictionary<string, (int Past, int Present)[]> ByOperator = new(StringComparer.Ordinal)
    {
        [".Attention"] = [(4, 1), (5, 2)],
        ["com.microsoft.Attention"] = [(4, 1)],
        ["com.microsoft.QAttention"] = [(8, 1)],
        ["com.microsoft.MultiHeadAttention"] = [(6, 1), (7, 2)],
        ["com.microsoft.DecoderMaskedSelfAttention"] = [(4, 1)],
        ["com.microsoft.DecoderMaskedMultiHeadAttention"] = [(5, 1), (6, 2)],
        ["com.microsoft.GroupQueryAttention"] = [(3, 1), (4, 2)],
        ["com.microsoft.SparseAttention"] = [(3, 1), (4, 2)],
    };

    /// <summary>Pairs of an input and an output; empty for other operators.</summary>
    public static IEnumerable<(string Past, string Present)> Of(NodeProto node) => ByOperator
        .GetValueOrDefault($"{(node.Domain == "ai.onnx" ? "" : node.Domain)}.{node.OpType}", [])
        .Where(slot => slot.Past < node.Input.Count && slot.Present < node.Output.Count)
        .Select(slot => (node.Input[slot.Past], node.Output[slot.Present]));
}
