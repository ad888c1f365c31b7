using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using Stip.Client.Sealing;

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
    private readonly ListDraw _listed;
    private readonly float[] _logits; // [vocab]
    private readonly double[] _weights; // [vocab]

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
        _listed = new ListDraw(options, _penalties, vocabularySize);
        _logits = new float[vocabularySize];
        _weights = new double[vocabularySize];
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
    /// <param name="filter">What may come at all; null for everything (default).</param>
    /// <returns>The id; with temperature 0 the most likely one, the lowest id among equals.</returns>
    /// <exception cref="ArgumentException">The count of logits is not the vocabulary's, a logit is NaN or infinite, or
    /// nothing may come.</exception>
    public int Sample(
        ReadOnlySpan<float> logits,
        ReadOnlySpan<int> contextIds,
        int position,
        int promptTokens = 0,
        ITokenFilter? filter = null)
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

        AddBiases();
        RuleOut(filter);

        if (_options.Temperature == 0)
        {
            return Greatest();
        }

        _ranked.Temperature = _options.Temperature;
        _ranked.Reset(_logits);
        return QuantileDraw.Draw(_ranked, _options, _random.Uniform(position), Everything());
    }

    /// <summary>Draws the token for a position from what is known of a row.</summary>
    /// <param name="row">A full row, or the largest logits with their log-sum-exp at the sampler's temperature.</param>
    /// <param name="contextIds">As for <see cref="Sample"/>.</param>
    /// <param name="position">As for <see cref="Sample"/>.</param>
    /// <param name="promptTokens">As for <see cref="Sample"/>.</param>
    /// <param name="filter">As for <see cref="Sample"/>.</param>
    /// <returns>The id that <see cref="Sample"/> gives for the full row; null where only the full row can
    /// tell.</returns>
    /// <exception cref="ArgumentException">As <see cref="Sample"/>.</exception>
    public int? TrySample(
        LogitsRow row,
        ReadOnlySpan<int> contextIds,
        int position,
        int promptTokens = 0,
        ITokenFilter? filter = null)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.IsFull
            ? Sample(row.Values.Span, contextIds, position, promptTokens, filter)
            : _listed.TryDraw(row, contextIds, promptTokens, filter, _random.Uniform(position));
    }

    /// <summary>The weights of all tokens, in double as <see cref="Ranking.Weight"/>.</summary>
    private double Everything()
    {
        TensorPrimitives.ConvertChecked<float, double>(_logits, _weights);
        TensorPrimitives.Subtract(_weights, _ranked.Greatest, _weights);
        TensorPrimitives.Divide(_weights, _options.Temperature, _weights);
        TensorPrimitives.Exp<double>(_weights, _weights);
        return TensorPrimitives.Sum<double>(_weights);
    }

    private void AddBiases()
    {
        foreach (var (id, bias) in _options.LogitBias)
        {
            if ((uint)id < (uint)_logits.Length)
            {
                _logits[id] += bias;
            }
        }
    }

    private void RuleOut(ITokenFilter? filter)
    {
        if (filter is null)
        {
            return;
        }

        var allowed = 0;
        for (var id = 0; id < _logits.Length; id++)
        {
            if (filter.Allows(id))
            {
                allowed++;
            }
            else
            {
                _logits[id] = float.NegativeInfinity;
            }
        }

        if (allowed == 0)
        {
            throw new NothingAllowedException();
        }
    }

    private int Greatest()
    {
        // Not IndexOfMax: it prefers zero to minus zero, which are equal.
        var greatest = TensorPrimitives.Max<float>(_logits);
        return float.IsFinite(greatest)
            ? _logits.AsSpan().IndexOf(greatest)
            : throw new ArgumentException("the logits hold a value that is not finite");
    }
}
