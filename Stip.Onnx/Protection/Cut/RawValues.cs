using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Operators after which a value can still be read off: cut, shaped, shifted or scaled, but not compared,
/// looked up or summed.</summary>
internal static class RawValues
{
    private static readonly HashSet<string> Moved = new(StringComparer.Ordinal)
    {
        "Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Transpose", "Slice",
    };

    private static readonly HashSet<string> Reversible = new(StringComparer.Ordinal)
    {
        "Concat", "Add", "Sub", "Mul", "Div", "Mod", "Neg", "Where", "Pad", "Expand", "Split", "Tile", "Clip", "Resize",
    };

    // Picks cells of their first input by others.
    private static readonly HashSet<string> Picks = new(StringComparer.Ordinal)
    {
        "Gather", "GatherElements", "GatherND", "Compress",
    };

    /// <summary>True where the first output is the first input in another shape, or a part of it.</summary>
    public static bool Keeps(NodeProto node) =>
        Moved.Contains(node.OpType) && node.Input.Count > 0 && node.Output.Count > 0;

    /// <summary>True where the outputs tell values of <paramref name="raw"/>.</summary>
    public static bool Tells(NodeProto node, IReadOnlySet<string> raw) => node.Input.Count > 0
        && (Moved.Contains(node.OpType) || Picks.Contains(node.OpType) ? raw.Contains(node.Input[0])
            : Reversible.Contains(node.OpType) && node.Input.Any(raw.Contains));
}
