using System.Runtime.InteropServices;
using Stip.Client.Grammars;
using Stip.Client.Sampling;
using Stip.Client.Sealing;
using Stip.Keys.Bundles;
using Stip.Protocol.Completions;

namespace Stip.Client.Generation;

/// <summary>Chooses the tokens of one sequence, and asks for no more logits than the choices need.</summary>
internal sealed class TokenChoice
{
    // More than one, so that equal logits are told apart by token id and not by the secret order.
    private const int GreedyTopK = 8;
    private const int SampledTopK = 64;

    // Below it the log-sum-exp at the sampler's temperature leaves the range of numbers.
    private const float LeastTemperature = 0.01f;

    private readonly GenerationOptions _options;
    private readonly List<int> _contextIds;
    private readonly int _promptTokens;
    private readonly TokenConstraint? _constraint;
    private readonly SuppressedTokens? _suppressed;
    private readonly TimedTokens? _timed;
    private readonly Sampler? _sampler;
    private readonly ListedShare _listed = new();

    public TokenChoice(
        GenerationOptions options,
        ReadOnlySpan<int> promptIds,
        int vocabSize,
        TokenConstraint? constraint,
        SequenceManifest? sequence = null,
        IReadOnlyList<int>? endIds = null)
    {
        options.Sampling.Validate();
        (_options, _contextIds, _promptTokens) = (options, [.. promptIds], promptIds.Length);
        _constraint = constraint;
        _suppressed = SuppressedTokens.Has(sequence)
            ? new SuppressedTokens(sequence!, endIds ?? [], promptIds.Length, constraint)
            : null;
        _timed = options.Times is { } times
            ? new TimedTokens(times, (ITokenFilter?)_suppressed ?? constraint)
            : null;
        _sampler = constraint is null && _suppressed is null && _timed is null && IsPlainGreedy(options)
            ? null
            : new Sampler(options.Sampling, vocabSize);
    }

    /// <summary>The text is complete: the grammar lets nothing follow.</summary>
    public bool MustEnd => _constraint?.MustEnd == true;

    /// <summary>The prompt and what was chosen.</summary>
    public ReadOnlySpan<int> ContextIds => CollectionsMarshal.AsSpan(_contextIds);

    /// <summary>The seed of the draws; null where nothing is drawn.</summary>
    public ulong? Seed => _sampler?.Seed;

    /// <summary>What the next choice needs of each row.</summary>
    public LogitsRequest Needs => new(TopK, LogitsRequest.Last, IsSampled ? Sampling.Temperature : 1);

    private SamplingOptions Sampling => _options.Sampling;

    private bool IsSampled => Sampling.Temperature > 0;

    private int? TopK =>
        _sampler is null ? Math.Max(GreedyTopK, _options.TopLogprobs ?? 0)
        : NeedsFullRows || _listed.IsTooSmall ? null
        : Math.Max(ListLength, Math.Max(Sampling.TopK + 1, _options.TopLogprobs ?? 0));

    // As many as are left of a plain choice's list once all that is ruled out has been in it.
    private int ListLength => _suppressed?.Count is { } count && IsPlainGreedy(_options)
        ? Math.Min(GreedyTopK + count, SampledTopK)
        : SampledTopK;

    /// <summary>Whether a list would seldom or never do.</summary>
    private bool NeedsFullRows =>
        _timed is not null
        || Sampling.RaisesSeenTokens
        || Sampling.LogitBias.Values.Any(bias => bias > 0)
        || (IsSampled && Sampling.Temperature < LeastTemperature)
        // Log probabilities are the model's own, at temperature 1.
        || (_options.TopLogprobs is not null && IsSampled && Sampling.Temperature != 1);

    /// <summary>The next token, or null where only the full row can tell.</summary>
    public ChosenToken? TryNext(LogitsRow row)
    {
        if (_timed is not null && row.IsFull)
        {
            _timed.See(row.Values.Span);
        }

        var id = _sampler is null ? row.ArgMax()
            : _timed is not null && !row.IsFull ? null
            : _sampler.TrySample(
                row, ContextIds, _contextIds.Count, _promptTokens,
                (ITokenFilter?)_timed ?? (ITokenFilter?)_suppressed ?? _constraint);
        _listed.Count(row.IsFull, id is not null);
        if (id is not { } chosen)
        {
            return null;
        }

        var logprobs = _options.TopLogprobs is { } top ? Logprobs.Of(row, chosen, top) : null;
        _contextIds.Add(chosen);
        _constraint?.Accept(chosen);
        _suppressed?.Accept();
        _timed?.Accept(chosen);
        return new ChosenToken(chosen, logprobs);
    }

    private static bool IsPlainGreedy(GenerationOptions options) =>
        options.Sampling is { Temperature: 0, HasPenalties: false, LogitBias.Count: 0 };
}
