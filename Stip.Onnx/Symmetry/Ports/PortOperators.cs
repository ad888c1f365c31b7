using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry.Ports;

/// <summary>What operators mean for the inputs that reach them.</summary>
internal static class PortOperators
{
    private static readonly HashSet<string> Products = new(StringComparer.Ordinal)
    {
        "MatMul", "Gemm", "Einsum", "FusedMatMul", "MatMulNBits", "MatMulBnb4", "MatMulInteger", "QLinearMatMul",
        "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "FusedGemm", "GemmFastGelu", "Conv", "FusedConv",
        "NhwcFusedConv", "ConvInteger", "QLinearConv", "ConvTranspose",
    };

    private static readonly HashSet<string> Moves = new(StringComparer.Ordinal)
    {
        "Cast", "CastLike", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Transpose", "Slice", "Expand",
        "Tile", "Concat", "Split", "Gather", "Pad", "Dropout",
    };

    private static readonly HashSet<string> Shifts = new(StringComparer.Ordinal)
    {
        "Add", "Sub", "Mul", "Div", "Mod", "Min", "Max", "Clip", "Neg", "Floor", "Round",
    };

    /// <summary>True where the first input may be a table and the second the places of rows in it.</summary>
    public static bool LooksUp(NodeProto node, PortTrace[] reads) =>
        node.OpType is "Gather" or "GatherND" or "GatherElements" or "GatherBlockQuantized"
        && reads.Length > 1 && reads[0].Kind == TraceKind.Table && reads[1].Kind == TraceKind.Numbers;

    /// <summary>True where the second input says which rows of the first are wanted: one number for a whole row. One
    /// for each cell, or along the last axis, would say which words.</summary>
    /// <param name="node">The node.</param>
    /// <param name="isSpread">True where each number of the second input stands for a row of cells.</param>
    public static bool PicksRows(NodeProto node, bool isSpread) =>
        (node.OpType == "Gather" || (node.OpType == "GatherElements" && isSpread))
        && node.Attribute.Where(attribute => attribute.Name == "axis").All(attribute => attribute.I is 0 or 1);

    public static bool IsProduct(NodeProto node) => Products.Contains(node.OpType);

    /// <summary>True for operators that are a whole attention.</summary>
    public static bool IsAttention(NodeProto node) => node.OpType.EndsWith("Attention", StringComparison.Ordinal);

    /// <summary>True where scores become shares, or the beginning of it written out.</summary>
    public static bool MakesShares(NodeProto node) => node.OpType is "Softmax" or "Exp" || IsAttention(node);

    /// <summary>True where counting begins.</summary>
    public static bool Counts(NodeProto node) => node.OpType is "Range" or "NonZero" or "CumSum";

    /// <summary>True where places are told apart by which comes first.</summary>
    public static bool Orders(NodeProto node) =>
        node.OpType is "Less" or "LessOrEqual" or "Greater" or "GreaterOrEqual" or "Sub";

    /// <summary>True where numbers of one operand come out as they are, or shifted by constants.</summary>
    public static bool KeepsNumbers(NodeProto node) => Moves.Contains(node.OpType) || Shifts.Contains(node.OpType);

    /// <summary>True where rows of a table stay rows, scaled at most.</summary>
    public static bool KeepsRows(NodeProto node) =>
        Moves.Contains(node.OpType) || node.OpType is "Mul" or "Div" or "Neg" or "Sin" or "Cos" or "Where";

    /// <summary>True where operands meet cell by cell.</summary>
    public static bool Combines(NodeProto node) => Shifts.Contains(node.OpType) || node.OpType is "Where" or "Sum";

    /// <summary>True where numbers tell which features count.</summary>
    public static bool Weighs(NodeProto node) => node.OpType is "Mul" or "Where" or "And";
}
