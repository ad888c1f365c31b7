namespace Stip.Client.Generation;

/// <summary>Remembers how often a list of logits was enough. Each time that it was not costs a round more.</summary>
internal sealed class ListedShare
{
    private const double Decay = 0.9;
    private const double MostMisses = 0.25;

    private double _misses;

    /// <summary>Whether full rows are the smaller evil.</summary>
    public bool IsTooSmall => _misses > MostMisses;

    public void Count(bool isFull, bool isEnough)
    {
        if (!isFull)
        {
            _misses = (_misses * Decay) + (isEnough ? 0 : 1 - Decay);
        }
    }
}
