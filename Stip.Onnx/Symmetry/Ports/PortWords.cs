namespace Stip.Onnx.Symmetry.Ports;

/// <summary>What the words in an input's name say of its use; asked only where the graph says nothing.</summary>
internal static class PortWords
{
    /// <param name="name">Name of an input.</param>
    public static PortUse UseOf(string name) => name switch
    {
        _ when Has(name, "mask") || Has(name, "padding") => PortUse.Mask,
        _ when Has(name, "branch") || Has(name, "use_cache") => PortUse.Branch,
        _ when Has(name, "position") || Has(name, "pos_id") || IsPlace(name) => PortUse.Position,
        _ when Has(name, "seqlens") => PortUse.LastPosition,
        _ when Has(name, "total") => PortUse.Total,
        _ when Has(name, "past") => PortUse.Past,
        _ when Has(name, "seq") && Has(name, "len") => PortUse.Sequence,
        _ => PortUse.Unknown,
    };

    /// <summary>True for a name that is a position's beside a cache, and a part of speech elsewhere.</summary>
    /// <param name="name">Name of an input.</param>
    public static bool MayBePosition(string name) => name == "pos";

    // As those call it whose loops count by themselves.
    private static bool IsPlace(string name) =>
        name is "input_pos" or "start_pos" or "cache_pos" or "cur_pos" or "current_pos";

    private static bool Has(string name, string word) => name.Contains(word, StringComparison.OrdinalIgnoreCase);
}
