using Stip.Client.Sampling;

namespace Stip.Client.Generation;

/// <summary>One token of an answer.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">The text that has become certain with it: often empty, never a broken character. Empty throughout
/// where the bundle has no tokenizer.</param>
/// <param name="FinishReason">Why this is the last one; null where more follow.</param>
/// <param name="Usage">What the whole generation cost, with the last one; else null.</param>
public sealed record GeneratedToken(
    int Id, string Text, FinishReason? FinishReason = null, GenerationUsage? Usage = null)
{
    /// <summary>Its log probability and those of the most likely tokens; null where they were not asked for.</summary>
    public TokenLogprobs? Logprobs { get; init; }
}
