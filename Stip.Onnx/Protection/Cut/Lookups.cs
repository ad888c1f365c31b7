using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Operators that pick rows of a table by an index.</summary>
internal static class Lookups
{
    /// <summary>The index that a node looks rows of a weight up by; null where it does not.</summary>
    public static string? IndexOf(NodeProto node, Constants constants) => node.OpType switch
    {
        "Gather" or "GatherND" or "GatherElements" or "GatherBlockQuantized"
            when node.Input.Count > 1 && constants.HasMatrix(node.Input[0]) && !constants.Has(node.Input[1])
            => node.Input[1],
        _ => IsEmbedding(node) ? node.Input[0] : null,
    };

    /// <summary>True for ONNX Runtime's sum of looked-up rows in one operator.</summary>
    public static bool IsEmbedding(NodeProto node) =>
        node.OpType is "EmbedLayerNormalization" or "QEmbedLayerNormalization";

    /// <summary>True for a row of a table of two axes, picked along the first.</summary>
    public static bool GivesRows(NodeProto node) => node.OpType is "Gather" or "GatherBlockQuantized"
        && node.Attribute.All(attribute => attribute.Name != "axis" && attribute.Name != "gather_axis"
            || attribute.I == 0);
}
