namespace Stip.Client.Generation.Beams;

/// <summary>One answer of a beam search.</summary>
/// <param name="TokenIds">Its tokens, the one that ended it among them.</param>
/// <param name="Text">What they say; empty where the bundle has no tokenizer.</param>
/// <param name="Score">Sum of their log probabilities by length to the power of the length penalty.</param>
/// <param name="FinishReason">Why it ended.</param>
public sealed record BeamAnswer(
    IReadOnlyList<int> TokenIds, string Text, double Score, FinishReason FinishReason);
