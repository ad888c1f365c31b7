namespace Stip.Client.Sound;

/// <summary>The tokens by which a model says when something is said: one for each fiftieth of a second, or what its
/// rows are, of a window.</summary>
/// <param name="SilentId">The token that says that no times are written; it does not come.</param>
/// <param name="EndId">The token that ends an answer. Those below it are text.</param>
/// <param name="LatestFirst">How many steps after the beginning of a window the first time may be; null for any.
/// </param>
internal sealed record SpeechTimes(int SilentId, int EndId, int? LatestFirst)
{
    /// <summary>The token of the beginning; those behind it are later.</summary>
    public int FirstId => SilentId + 1;
}
