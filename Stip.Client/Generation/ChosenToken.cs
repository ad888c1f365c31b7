using Stip.Client.Sampling;

namespace Stip.Client.Generation;

/// <summary>A token that was chosen, with its log probability where that is wanted.</summary>
internal readonly record struct ChosenToken(int Id, TokenLogprobs? Logprobs);
