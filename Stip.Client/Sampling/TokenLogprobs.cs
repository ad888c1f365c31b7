namespace Stip.Client.Sampling;

/// <summary>The log probability of a token that was chosen, beside the most likely ones.</summary>
/// <param name="Chosen">The token that was chosen.</param>
/// <param name="Top">As many of the most likely tokens as were asked for, most likely first.</param>
public sealed record TokenLogprobs(TokenLogprob Chosen, IReadOnlyList<TokenLogprob> Top);
