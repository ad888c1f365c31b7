namespace Stip.Client.Generation.Beams;

/// <summary>The tokens of a beam behind the prompt, and what they are worth.</summary>
/// <param name="TokenIds">Its tokens.</param>
/// <param name="Score">While it runs the sum of log probabilities; once it has ended its score.</param>
/// <param name="Reason">Why it ended; null while it runs.</param>
internal sealed record BeamPath(IReadOnlyList<int> TokenIds, double Score, FinishReason? Reason = null)
{
    public static BeamPath Empty { get; } = new([], 0);
}
