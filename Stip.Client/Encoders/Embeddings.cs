namespace Stip.Client.Encoders;

/// <summary>Vectors of texts.</summary>
/// <param name="Vectors">One for each text, in the order of the texts.</param>
/// <param name="TokenCounts">Tokens of each text, special ones included, after it was cut.</param>
public sealed record Embeddings(IReadOnlyList<float[]> Vectors, IReadOnlyList<int> TokenCounts);
