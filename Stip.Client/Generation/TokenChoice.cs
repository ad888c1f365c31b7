using System.Runtime.InteropServices;
using Stip.Client.Sampling;
using Stip.Client.Sealing;

namespace Stip.Client.Generation;

/// <summary>Chooses the tokens of one sequence, and asks for no more logits than the choice needs.</summary>
internal sealed class TokenChoice
{
    // More than one, so that equal logits are told apart by token id and not by the secret order.
    private const int GreedyTopK = 8;

    private readonly List<int> _contextIds;
    private readonly int _promptTokens;
    private readonly Sampler? _sampler;

    public TokenChoice(SamplingOptions options, ReadOnlySpan<int> promptIds, int vocabSize)
    {
        options.Validate();
        (_contextIds, _promptTokens) = ([.. promptIds], promptIds.Length);
        _sampler = IsPlainGreedy(options) ? null : new Sampler(options, vocabSize);
    }

    /// <summary>How many logits a choice needs; null for all.</summary>
    public int? TopK => _sampler is null ? GreedyTopK : null;

    public int Next(LogitsRow logits)
    {
        var id = _sampler?.Sample(
            logits.Values.Span, CollectionsMarshal.AsSpan(_contextIds), _contextIds.Count, _promptTokens)
            ?? logits.ArgMax();
        _contextIds.Add(id);
        return id;
    }

    private static bool IsPlainGreedy(SamplingOptions options) =>
        options is { Temperature: 0, RepetitionPenalty: 1, PresencePenalty: 0, FrequencyPenalty: 0 };
}
