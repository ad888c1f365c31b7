using System.Runtime.CompilerServices;

namespace Stip.Client.Generation;

/// <summary>The loop of a generation: logits, choice, text, next row.</summary>
internal sealed class TokenStream(StipModel model, StipSession session, GenerationOptions options)
{
    private readonly AnswerText _text = new(model.Bundle.Tokenizer, options.StopStrings);
    private int _completionTokens;

    public async IAsyncEnumerable<GeneratedToken> RunAsync(
        ReadOnlyMemory<int> promptIds, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxNewTokens ?? 1, 1, nameof(options));
        var meter = new UsageMeter(session, model.Client.Time);
        var choice = new TokenChoice(options.Sampling, promptIds.Span, model.Bundle.Permutation.VocabSize);
        var logits = await session.ContinueAsync(promptIds, choice.TopK, cancellationToken);
        while (true)
        {
            var token = Next(choice.Next(logits));
            if (token.FinishReason is not null)
            {
                yield return token with { Usage = meter.Read(promptIds.Length, _completionTokens) };
                yield break;
            }

            meter.Pause();
            yield return token;
            meter.Resume();
            cancellationToken.ThrowIfCancellationRequested();
            logits = await session.AppendAsync(new[] { token.Id }, choice.TopK, 1, cancellationToken);
        }
    }

    private GeneratedToken Next(int id)
    {
        _completionTokens++;
        var piece = _text.Append(id);
        var reason = Reason(id);
        return new GeneratedToken(id, reason is null ? piece : piece + _text.Flush(), reason);
    }

    private FinishReason? Reason(int id) =>
        _text.HasStopped || (!options.IgnoreEndOfSequence && model.Bundle.Manifest.EosTokenIds.Contains(id))
            ? FinishReason.Stop
            : _completionTokens == options.MaxNewTokens || session.Position == session.MaxLength
                ? FinishReason.Length
                : null;
}
