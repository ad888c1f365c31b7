namespace Stip.Client.Tokenization.PreTokenization;

/// <summary>What becomes of the stretches that a splitting pattern matched.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}
