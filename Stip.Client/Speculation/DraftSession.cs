using System.Diagnostics;
using System.Runtime.InteropServices;
using Stip.Client.Sampling;

namespace Stip.Client.Speculation;

/// <summary>One sequence of the draft model. Its draws use the numbers of the true ones, so that two models that agree
/// about a token draw the same.</summary>
internal sealed class DraftSession(DraftModel model, SamplingOptions sampling, int maxLength) : IDisposable
{
    private readonly List<int> _tokens = [];
    private readonly Sampler _sampler = new(sampling, model.VocabSize);
    private DraftCache? _cache;

    /// <summary>Tokens that the draft's own context still has room for after so many.</summary>
    public int Room(int contextTokens) => Math.Max(0, maxLength - contextTokens);

    /// <summary>The tokens that the draft expects after a context.</summary>
    /// <param name="context">At least one token.</param>
    /// <param name="count">How many; fewer come where the draft's own context ends.</param>
    /// <param name="time">Told the milliseconds of each token.</param>
    public int[] Guess(ReadOnlySpan<int> context, int count, RunningMean time)
    {
        count = Math.Min(count, Room(context.Length));
        if (count < 1)
        {
            return [];
        }

        _cache ??= new DraftCache(model, maxLength);
        var common = CollectionsMarshal.AsSpan(_tokens).CommonPrefixLength(context[..^1]);
        _tokens.RemoveRange(common, _tokens.Count - common);
        var guesses = new int[count];
        int[] tokens = [.. context];
        for (var i = 0; i < count; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var unseen = tokens.AsSpan(_tokens.Count);
            var logits = _cache.Run(unseen, _tokens.Count);
            _tokens.AddRange(unseen);
            guesses[i] = _sampler.Sample(logits, tokens, tokens.Length);
            tokens = [.. tokens, guesses[i]];
            if (unseen.Length <= 2)
            {
                time.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }

        return guesses;
    }

    public void Dispose() => _cache?.Dispose();
}
