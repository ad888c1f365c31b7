using System.Numerics.Tensors;

namespace Stip.Client.Sampling;

/// <summary>
/// Logits from the greatest down, equal ones by the lower index first. They are sorted a band at a time, because a draw
/// seldom looks further than the first few of a large vocabulary.
/// </summary>
internal sealed class RankedLogits(int vocabularySize) : Ranking
{
    private const float BandWidth = 6;
    private readonly ulong[] _ranked = new ulong[vocabularySize];
    private float[] _logits = [];
    private float _floor;
    private int _count;

    public override int Count => _logits.Length;

    /// <summary>Takes the logits of a step; they must stay as they are until the next one.</summary>
    public void Reset(float[] logits) // [vocab]
    {
        _logits = logits;
        _count = 0;
        Greatest = TensorPrimitives.Max<float>(logits);
        _floor = float.PositiveInfinity;
        if (!float.IsFinite(Greatest))
        {
            throw new ArgumentException("the logits hold a value that is not finite", nameof(logits));
        }
    }

    /// <summary>Whether there is a token of this rank; those below minus infinity do not count.</summary>
    public override bool Has(int rank)
    {
        while (rank >= _count && _floor > float.NegativeInfinity)
        {
            SortNextBand();
        }

        return rank < _count;
    }

    public override int Id(int rank) => RankKey.Id(_ranked[rank]);

    public override float Logit(int rank) => _logits[Id(rank)];

    private void SortNextBand()
    {
        var ceiling = _floor;
        var start = _count;
        var width = (float)(BandWidth * Temperature);
        _floor = float.IsInfinity(ceiling) ? Greatest - width
            : Greatest - ceiling < 4 * width && ceiling - width < ceiling ? ceiling - width
            : float.NegativeInfinity;
        for (var id = 0; id < _logits.Length; id++)
        {
            var logit = _logits[id];
            if (logit >= _floor && logit < ceiling && logit > float.NegativeInfinity)
            {
                _ranked[_count++] = RankKey.Of(logit, id);
            }
        }

        _ranked.AsSpan(start, _count - start).Sort();
    }
}
