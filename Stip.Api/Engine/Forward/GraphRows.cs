namespace Stip.Api.Engine.Forward;

/// <summary>What the file of a graph says of rows that run together.</summary>
/// <param name="AreMixed">True where an operator rounds or reduces over all rows of a batch.</param>
/// <param name="AreNarrow">True where weights are of half precision: so are its sums, whatever its outputs are.</param>
internal readonly record struct GraphRows(bool AreMixed, bool AreNarrow);
