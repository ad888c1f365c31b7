using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>After which operators a value can still be read off: all but those that compare, count, look up.</summary>
internal static class RawValues
{
    private static readonly HashSet<string> Moved = new(StringComparer.Ordinal)
    {
        "Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Transpose", "Slice",
    };

    // Picks cells of their first input by others.
    private static readonly HashSet<string> Picks = new(StringComparer.Ordinal)
    {
        "Gather", "GatherElements", "GatherND", "Compress",
    };

    private static readonly HashSet<string> Compares = new(StringComparer.Ordinal)
    {
        "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Not", "And", "Or", "Xor", "IsNaN", "IsInf",
    };

    private static readonly HashSet<string> Counts = new(StringComparer.Ordinal)
    {
        "Shape", "Size", "NonZero", "ArgMax", "ArgMin",
    };

    /// <summary>True where the first output is the first input in another shape, or a part of it.</summary>
    public static bool Keeps(NodeProto node) =>
        Moved.Contains(node.OpType) && node.Input.Count > 0 && node.Output.Count > 0;

    /// <summary>True where the outputs may tell values of <paramref name="raw"/>. Roots, pools and roundings tell them
    /// as sums with a constant do: what is not known to take them away is taken to tell them.</summary>
    public static bool Tells(NodeProto node, IReadOnlySet<string> raw) =>
        Picks.Contains(node.OpType) ? node.Input.Count > 0 && raw.Contains(node.Input[0])
        : !Compares.Contains(node.OpType) && !Counts.Contains(node.OpType)
            && !node.OpType.StartsWith("Reduce", StringComparison.Ordinal) && OuterReads.Of(node).Any(raw.Contains);
}
