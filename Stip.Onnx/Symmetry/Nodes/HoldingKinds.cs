namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>Kinds of nodes that no output hangs on and that count all the same: they hold their children.</summary>
internal static class HoldingKinds
{
    /// <summary>State that comes out in the layout in which it goes in.</summary>
    public const string Kept = "kept";

    /// <summary>What the bytes of an initialiser are read as.</summary>
    public const string Packed = "packed";

    public static bool Has(string kind) =>
        kind == Kept || kind.StartsWith(Packed, StringComparison.Ordinal) || PinKinds.Reason(kind) is not null;
}
