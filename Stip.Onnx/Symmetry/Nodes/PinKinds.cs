namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>Kinds of nodes that hold their child where it is; the rest of the name says why.</summary>
internal static class PinKinds
{
    public const string Prefix = "pin: ";

    /// <summary>The reason that a kind gives, null where it holds nothing.</summary>
    public static string? Reason(string kind) =>
        kind.StartsWith(Prefix, StringComparison.Ordinal) ? kind[Prefix.Length..] : null;
}
