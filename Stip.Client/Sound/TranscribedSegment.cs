namespace Stip.Client.Sound;

/// <summary>A part of what is said, as the model parts it, and when.</summary>
/// <param name="Start">Where it begins in the whole sound.</param>
/// <param name="End">Where it ends; where the model does not say, the end of the window.</param>
/// <param name="Text">What is said.</param>
/// <param name="TokenIds">Its tokens, without those of times.</param>
/// <param name="AverageLogprob">Mean of the logarithms of its tokens' probabilities.</param>
public sealed record TranscribedSegment(
    TimeSpan Start, TimeSpan End, string Text, IReadOnlyList<int> TokenIds, double AverageLogprob);
