namespace Stip.Export.Blocks.Sequences;

/// <summary>Names of a decoder's caches, as Optimum has them.</summary>
internal static class SequencePorts
{
    /// <summary>What goes in.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="side"><c>decoder</c> for its own rows, <c>encoder</c> for the states.</param>
    /// <param name="part"><c>key</c> or <c>value</c>.</param>
    public static string Past(int layer, string side, string part) => $"past_key_values.{layer}.{side}.{part}";

    /// <summary>What comes out.</summary>
    public static string Present(int layer, string side, string part) => $"present.{layer}.{side}.{part}";
}
