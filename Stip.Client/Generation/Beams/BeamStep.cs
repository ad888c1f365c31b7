namespace Stip.Client.Generation.Beams;

/// <summary>A beam that goes on from one of the last ones.</summary>
/// <param name="Parent">Which one, by its place among those that were running.</param>
/// <param name="TokenId">With which token.</param>
internal readonly record struct BeamStep(int Parent, int TokenId);
