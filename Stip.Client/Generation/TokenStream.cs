using System.Runtime.CompilerServices;
using Stip.Client.Bundles;
using Stip.Client.Grammars;
using Stip.Client.Sampling;
using Stip.Client.Sealing;
using Stip.Client.Speculation;

namespace Stip.Client.Generation;

/// <summary>The loop of a generation: choice, text, next choice.</summary>
/// <param name="model">What generates.</param>
/// <param name="session">Of the model.</param>
/// <param name="options">When to stop and how to choose.</param>
/// <param name="first">The row after the prompt, where the session has seen exactly that; else null.</param>
internal sealed class TokenStream(
    StipModel model, StipSession session, GenerationOptions options, LogitsRow? first = null)
{
    private readonly AnswerText _text = new(
        model.Bundle.Tokenizer, options.StopStrings, options.KeptSpecialTokens);
    private int _completionTokens;

    /// <summary>The row after the prompt; null before the first token.</summary>
    public LogitsRow? First { get; private set; } = first;

    public async IAsyncEnumerable<GeneratedToken> RunAsync(
        ReadOnlyMemory<int> promptIds, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxNewTokens ?? 1, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(promptIds.Length, 1, nameof(promptIds));
        // What a fork cost that was made for this answer is its own.
        var meter = new UsageMeter(session, model.Client.Time, First is null ? default : session.Usage);
        var choice = new TokenChoice(
            options,
            promptIds.Span,
            model.Bundle.Permutation.VocabSize,
            StartGrammar(),
            model.Bundle.Manifest.Sequence,
            model.Bundle.Manifest.EosTokenIds);
        using var speculator = Speculator.For(model, options, session.MaxLength, choice.Seed);
        var rounds = new TokenRounds(session, choice, speculator, First);
        var promptTokens = session.SourceTokens ?? promptIds.Length;
        session.PromptTokens = promptIds.Length;
        session.OnExchange = Observe(meter, promptTokens);
        try
        {
            while (true)
            {
                var token = Next(await ChooseAsync(rounds, cancellationToken), choice);
                First = rounds.First;
                if (token.FinishReason is not null)
                {
                    yield return token with { Usage = meter.Read(promptTokens, _completionTokens) };
                    yield break;
                }

                meter.Pause();
                yield return token;
                meter.Resume();
                cancellationToken.ThrowIfCancellationRequested();
                if (options.Enough.IsCancellationRequested)
                {
                    yield break;
                }
            }
        }
        finally
        {
            session.OnExchange = null;
            rounds.Settle();
        }
    }

    private async ValueTask<ChosenToken> ChooseAsync(TokenRounds rounds, CancellationToken cancellationToken)
    {
        try
        {
            return await rounds.NextAsync(MostGuesses, cancellationToken);
        }
        catch (NothingAllowedException fault)
        {
            throw fault.Of(model.Id);
        }
    }

    private ExchangeObserver? Observe(UsageMeter meter, int promptTokens) => options.Observer is not { } observer
        ? null
        : (position, rows, indices, figures, tokenIds) => observer(new SentStep(
            tokenIds.ToArray(), position, rows, indices, figures)
        {
            SoFar = meter.Read(promptTokens, _completionTokens),
        });

    private int MostGuesses => options.MaxNewTokens is { } most ? most - _completionTokens - 1 : int.MaxValue;

    private TokenConstraint? StartGrammar() => options.Grammar is not { } grammar
        ? null
        : model.Bundle.Tokenizer is { } tokenizer
            ? grammar.Start(tokenizer, model.Bundle.Manifest.EosTokenIds)
            : throw new BundleException($"{model.Bundle.Folder} has no tokenizer: a grammar cannot be followed");

    private GeneratedToken Next(ChosenToken chosen, TokenChoice choice)
    {
        _completionTokens++;
        var piece = _text.Append(chosen.Id);
        var reason = Reason(chosen.Id, choice);
        return new GeneratedToken(chosen.Id, reason is null ? piece : piece + _text.Flush(), reason)
        {
            Logprobs = chosen.Logprobs,
        };
    }

    private FinishReason? Reason(int id, TokenChoice choice) =>
        _text.HasStopped || choice.MustEnd
            || (!options.IgnoreEndOfSequence && model.Bundle.Manifest.EosTokenIds.Contains(id))
            ? FinishReason.Stop
            // The token after the last place needs no place of its own.
            : _completionTokens == options.MaxNewTokens || choice.ContextIds.Length > session.MaxLength
                ? FinishReason.Length
                : null;
}
