namespace Stip.Client.Sampling;

/// <summary>The most likely tokens of a row, the others being known only as no more likely than the last of
/// them.</summary>
internal sealed class ListedLogits : Ranking
{
    private ulong[] _ranked = [];
    private float[] _logits = [];
    private bool _isComplete;
    private int _vocabularySize;

    public override int Count => _vocabularySize;

    /// <summary>How many tokens are known to be more likely than every token that is not listed.</summary>
    public int Known { get; private set; }

    /// <summary>Ranks tokens.</summary>
    /// <param name="ids"><c>[k]</c>.</param>
    /// <param name="logits"><c>[k]</c>; minus infinity rules a token out.</param>
    /// <param name="bound">No token that is not listed has a greater logit; minus infinity where all are
    /// listed.</param>
    /// <param name="vocabularySize">How many tokens there are.</param>
    public void Reset(ReadOnlySpan<int> ids, ReadOnlySpan<float> logits, float bound, int vocabularySize)
    {
        (RanOut, Known, _vocabularySize) = (false, 0, vocabularySize);
        _isComplete = float.IsNegativeInfinity(bound);
        if (_ranked.Length < ids.Length)
        {
            (_ranked, _logits) = (new ulong[ids.Length], new float[ids.Length]);
        }

        for (var i = 0; i < ids.Length; i++)
        {
            if (logits[i] > bound)
            {
                _ranked[Known++] = RankKey.Of(logits[i], ids[i]);
            }
        }

        _ranked.AsSpan(0, Known).Sort();
        for (var rank = 0; rank < Known; rank++)
        {
            _logits[rank] = RankKey.Logit(_ranked[rank]);
        }

        Greatest = Known > 0 ? _logits[0] : float.NegativeInfinity;
    }

    public override bool Has(int rank)
    {
        RanOut |= rank >= Known && !_isComplete;
        return rank < Known;
    }

    public override int Id(int rank) => RankKey.Id(_ranked[rank]);

    public override float Logit(int rank) => _logits[rank];
}
