using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry.Ports;

/// <summary>Inputs of operators that ask for masks, positions and lengths.</summary>
internal static class PortSlots
{
    private static readonly Dictionary<string, (int Place, PortUse Use)[]> ByOperator = new(StringComparer.Ordinal)
    {
        [".Attention"] = [(3, PortUse.Mask), (6, PortUse.Total)],
        [".TensorScatter"] = [(2, PortUse.Past)],
        [".RotaryEmbedding"] = [(3, PortUse.Position)],
        ["com.microsoft.RotaryEmbedding"] = [(1, PortUse.Position)],
        ["com.microsoft.GroupQueryAttention"] =
            [(5, PortUse.LastPosition), (6, PortUse.Total), (9, PortUse.Position), (10, PortUse.Mask)],
        ["com.microsoft.MultiHeadAttention"] = [(4, PortUse.Mask), (5, PortUse.Mask), (8, PortUse.Past)],
        ["com.microsoft.Attention"] = [(3, PortUse.Mask), (5, PortUse.Mask), (6, PortUse.Past)],
        ["com.microsoft.QAttention"] = [(5, PortUse.Mask)],
        ["com.microsoft.LongformerAttention"] = [(3, PortUse.Mask), (6, PortUse.Mask)],
        ["com.microsoft.SparseAttention"] = [(7, PortUse.Total), (8, PortUse.Total)],
        ["com.microsoft.DecoderMaskedMultiHeadAttention"] =
            [(3, PortUse.Mask), (4, PortUse.Mask), (7, PortUse.Past)],
        ["com.microsoft.DecoderMaskedSelfAttention"] = [(3, PortUse.Mask), (5, PortUse.Mask), (6, PortUse.Past)],
        ["com.microsoft.EmbedLayerNormalization"] = [(7, PortUse.Mask)],
        ["com.microsoft.QEmbedLayerNormalization"] = [(7, PortUse.Mask)],
    };

    /// <summary>Names that a node reads there; empty for other operators.</summary>
    public static IEnumerable<(string Name, PortUse Use)> Of(NodeProto node) => ByOperator
        .GetValueOrDefault($"{(node.Domain == "ai.onnx" ? "" : node.Domain)}.{node.OpType}", [])
        .Where(slot => slot.Place < node.Input.Count && node.Input[slot.Place].Length > 0)
        .Select(slot => (node.Input[slot.Place], slot.Use));

    /// <summary>True where a node reads cosines or sines there.</summary>
    public static bool Turns(NodeProto node, int place) => node.OpType == "RotaryEmbedding"
        && (node.Domain == "com.microsoft" ? place is 2 or 3 : place is 1 or 2);
}
