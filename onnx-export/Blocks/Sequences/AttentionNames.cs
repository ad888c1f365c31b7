namespace Stip.Export.Blocks.Sequences;

/// <summary>Where an attention stands in a layer of the checkpoint.</summary>
/// <param name="Query">Projection to queries.</param>
/// <param name="Key">Projection to keys.</param>
/// <param name="Value">Projection to values.</param>
/// <param name="Output">Projection from heads back to the stream.</param>
/// <param name="Norm">The norm before or after it.</param>
internal sealed record AttentionNames(string Query, string Key, string Value, string Output, string Norm)
{
    /// <summary>False where keys have no bias although the others have one.</summary>
    public bool HasKeyBias { get; init; } = true;
}
