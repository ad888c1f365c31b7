namespace Stip.Export.Blocks.Positions;

/// <summary>How the layers of an encoder know where rows stand, where that is not in the rows themselves.</summary>
/// <param name="Rotary">How positions turn queries and keys, null where they do not.</param>
/// <param name="ScoreBias">What is added to scores, <c>[1, heads or 1, seq, seq]</c>; null where nothing is.</param>
internal sealed record RowPositions(RotaryTables? Rotary = null, string? ScoreBias = null);
