using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Security.Cryptography;

namespace Stip.Client.Sampling;

/// <summary>
/// Draws tokens. The draw walks from the most likely token down with one uniform number for each position: the same
/// seed and position give the same number, whatever was drawn before. Allocates nothing from step to step. One sampler
/// serves one sequence at a time.
/// </summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly PositionalRandom _random;
    private readonly Penalties _penalties;
    private readonly RankedLogits _ranked;
    private readonly float[] _logits; // [vocab]
    private readonly float[] _weights; // [vocab]

    /// <summary>Makes a sampler for one vocabulary.</summary>
    /// <param name="options">Checked here; see <see cref="SamplingOptions.Validate"/>.</param>
    /// <param name="vocabularySize">How many logits a step has; at least 1.</param>
    /// <exception cref="ArgumentException">A value is outside its range.</exception>
    public Sampler(SamplingOptions options, int vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        options.Validate();
        _options = options;
        Seed = options.Seed ?? BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        _random = new PositionalRandom(Seed);
        _penalties = new Penalties(vocabularySize);
        _ranked = new RankedLogits(vocabularySize);
        _logits = new float[vocabularySize];
        _weights = new float[vocabularySize];
    }

    /// <summary>The seed in use: that of the options, or the one that was drawn in its place.</summary>
    public ulong Seed { get; }

    /// <summary>Draws the token for a position.</summary>
    /// <param name="logits">Plain (un-permuted) logits, [vocab]; minus infinity rules a token out.</param>
    /// <param name="contextIds">All ids so far, prompt first; read by the penalties only.</param>
    /// <param name="position">The place of the new token in the sequence, counted from 0.</param>
    /// <param name="promptTokens">How many of <paramref name="contextIds"/> are the prompt, which presence and
    /// frequency
    /// penalties leave out (default 0: they count everything).</param>
    /// <returns>The id; with temperature 0 the most likely one, the lowest id among equals.</returns>
    /// <exception cref="ArgumentException">The count of logits is not the vocabulary's, or a logit is NaN or
    /// infinite.</exception>
    public int Sample(ReadOnlySpan<float> logits, ReadOnlySpan<int> contextIds, int position, int promptTokens = 0)
    {
        if (logits.Length != _logits.Length)
        {
            throw new ArgumentException($"{logits.Length} logits are given; the vocabulary has {_logits.Length}");
        }

        logits.CopyTo(_logits);
        if (_options.HasPenalties)
        {
            _penalties.Apply(_logits, contextIds, promptTokens, _options);
        }

        if (_options.Temperature == 0)
        {
            return Greatest();
        }

        // A temperature near 0 would make infinities of large logits: their differences are what counts.
        var greatest = TensorPrimitives.Max<float>(_logits);
        TensorPrimitives.Subtract(_logits, float.IsFinite(greatest) ? greatest : 0, _logits);
        TensorPrimitives.Divide(_logits, _options.Temperature, _logits);
        _ranked.Reset(_logits);
        return Draw(_random.Uniform(position));
    }

    private int Greatest()
    {
        // Not IndexOfMax: it prefers zero to minus zero, which are equal.
        var greatest = TensorPrimitives.Max<float>(_logits);
        return float.IsFinite(greatest)
            ? _logits.AsSpan().IndexOf(greatest)
            : throw new ArgumentException("the logits hold a value that is not finite");
    }

    private int Draw(double uniform)
    {
        var kept = KeptByTopK();
        if (_options.TopP < 1)
        {
            kept = KeptByTopP(kept);
        }

        if (_options.MinP > 0)
        {
            kept = KeptByMinP(kept);
        }

        var target = uniform * Mass(kept);
        var (sum, rank) = (0.0, 0);
        for (; rank + 1 < kept && _ranked.Has(rank + 1); rank++)
        {
            sum += Weight(rank);
            if (sum > target)
            {
                break;
            }
        }

        return _ranked.Id(_ranked.Has(rank) ? rank : 0);
    }

    private double Weight(int rank) => MathF.Exp(_ranked.Logit(rank));

    private int KeptByTopK()
    {
        if (_options.TopK == 0 || _options.TopK >= _logits.Length || !_ranked.Has(_options.TopK - 1))
        {
            return _logits.Length;
        }

        var kept = _options.TopK;
        for (var last = _ranked.Logit(kept - 1); _ranked.Has(kept) && _ranked.Logit(kept) == last;)
        {
            kept++;
        }

        return kept;
    }

    private int KeptByTopP(int among)
    {
        var target = _options.TopP * Mass(among);
        var (sum, kept) = (0.0, 0);
        for (; kept < among && (kept == 0 || sum < target) && _ranked.Has(kept); kept++)
        {
            sum += Weight(kept);
        }

        return kept;
    }

    private int KeptByMinP(int among)
    {
        var kept = 1;
        while (kept < among && _ranked.Has(kept) && Weight(kept) >= _options.MinP * Weight(0))
        {
            kept++;
        }

        return kept;
    }

    private double Mass(int kept)
    {
        var sum = 0.0;
        if (kept < _logits.Length)
        {
            for (var rank = 0; rank < kept && _ranked.Has(rank); rank++)
            {
                sum += Weight(rank);
            }

            return sum;
        }

        TensorPrimitives.Exp<float>(_logits, _weights);
        foreach (var weight in _weights)
        {
            sum += weight;
        }

        return sum;
    }
}
