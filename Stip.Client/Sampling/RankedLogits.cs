using System.Numerics.Tensors;

namespace Stip.Client.Sampling;

/// <summary>
/// Logits from the greatest down, equal ones by the lower index first. They are sorted a band at a time, because a draw
/// seldom looks further than the first few of a large vocabulary.
/// </summary>
internal sealed class RankedLogits(int vocabularySize)
{
    private const float BandWidth = 6;
    private readonly ulong[] _ranked = new ulong[vocabularySize];
    private float[] _logits = [];
    private float _floor;
    private int _count;

    /// <summary>The greatest logit.</summary>
    public float Greatest { get; private set; }

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
    public bool Has(int rank)
    {
        while (rank >= _count && _floor > float.NegativeInfinity)
        {
            SortNextBand();
        }

        return rank < _count;
    }

    public int Id(int rank) => (int)(uint)_ranked[rank];

    public float Logit(int rank) => _logits[Id(rank)];

    private void SortNextBand()
    {
        var ceiling = _floor;
        var start = _count;
        var sunk = Greatest - ceiling;
        _floor = float.IsInfinity(ceiling) ? Greatest - BandWidth
            : sunk < 4 * BandWidth ? ceiling - BandWidth
            : float.NegativeInfinity;
        for (var id = 0; id < _logits.Length; id++)
        {
            var logit = _logits[id];
            if (logit >= _floor && logit < ceiling && logit > float.NegativeInfinity)
            {
                _ranked[_count++] = Key(logit, id);
            }
        }

        _ranked.AsSpan(start, _count - start).Sort();
    }

    /// <summary>A key whose rising order is falling logits, then rising ids.</summary>
    private static ulong Key(float logit, int id)
    {
        // Adding zero makes of minus zero the same zero.
        var bits = BitConverter.SingleToUInt32Bits(logit + 0f);
        var rising = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return ((ulong)~rising << 32) | (uint)id;
    }
}
