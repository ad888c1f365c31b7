namespace Stip.Client.Sampling;

/// <summary>A filter rules out every token of the vocabulary.</summary>
internal sealed class NothingAllowedException() : ArgumentException("the filter allows no token");
