using Stip.Client.Transport;

namespace Stip.Client.Generation;

/// <summary>One request of a generation: what left this machine, and what came back. It holds secrets (tokens), and is
/// for showing a user what is sent for them.</summary>
/// <param name="TokenIds"><c>[n]</c>: the tokens whose rows were sent. They themselves stay here.</param>
/// <param name="FirstPosition">Position of the first of them in the sequence.</param>
/// <param name="Rows"><c>[n, hidden_size]</c> as they were sent, in the wire's type, little-endian.</param>
/// <param name="ServerIndices"><c>[k]</c>: the last row's largest logits by the server's own numbering, largest first;
/// empty where whole rows came.</param>
/// <param name="Figures">Bytes and times of the request.</param>
public sealed record SentStep(
    ReadOnlyMemory<int> TokenIds,
    int FirstPosition,
    ReadOnlyMemory<byte> Rows,
    IReadOnlyList<int> ServerIndices,
    ExchangeFigures Figures)
{
    /// <summary>What the generation has cost so far, this request included.</summary>
    public required GenerationUsage SoFar { get; init; }
}
