using Stip.Client.Sampling;
using Stip.Protocol.Completions;

namespace Stip.Client.Generation.Beams;

/// <summary>One beam search: rows of the server, candidates, beams, and again.</summary>
internal sealed class BeamSearch(StipModel model, BeamOptions options)
{
    private readonly BeamCandidates _candidates = new(model.Bundle.Permutation.VocabSize);

    public async Task<BeamAnswers> RunAsync(
        ReadOnlyMemory<int> promptIds, PlacedRows? placed, CancellationToken cancellationToken)
    {
        options.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(promptIds.Length, 1, nameof(promptIds));
        var (session, start) = model.Open(promptIds, placed, options.FirstTokenId, options.MaxNewTokens);
        await using var sessions = new BeamSessions(session);
        var maxTopK = (await model.CheckAsync(cancellationToken)).MaxTopK;
        var (state, suppressed) = Begin(session, start.Length);
        var rows = await sessions.StartAsync(start, Want(state, suppressed, maxTopK), cancellationToken);
        while (true)
        {
            var steps = state.Advance(
                [.. rows.Select(row => _candidates.Of(row, state.Candidates, suppressed))]);
            suppressed?.Accept();
            if (state.IsDone)
            {
                break;
            }

            rows = await sessions.StepAsync(steps, Want(state, suppressed, maxTopK), cancellationToken);
        }

        return new BeamAnswers(
            [.. state.Finished.Take(options.Returned).Select(Answer)], promptIds.Length, sessions.Usage);
    }

    private (BeamState State, SuppressedTokens? Suppressed) Begin(StipSession session, int startLength)
    {
        var (sequence, endIds) = (model.Bundle.Manifest.Sequence, model.Bundle.Manifest.EosTokenIds);
        // The token after the last place needs no place of its own.
        var most = Math.Min(options.MaxNewTokens ?? int.MaxValue, session.MaxLength - startLength + 1);
        // transformers counts all but the decoder's own start.
        var given = sequence is null ? 0 : startLength - 1;
        return (
            new BeamState(options, Math.Max(most, 1), given, options.IgnoreEndOfSequence ? [] : [.. endIds]),
            SuppressedTokens.Has(sequence) ? new SuppressedTokens(sequence!, endIds, startLength, null) : null);
    }

    // Of no beam more than there are candidates can be among them, beside what is ruled out.
    private static LogitsRequest Want(BeamState state, SuppressedTokens? suppressed, int maxTopK)
    {
        var count = state.Candidates + (suppressed?.Count ?? 0);
        return new LogitsRequest(count <= maxTopK ? count : null);
    }

    private BeamAnswer Answer(BeamPath path)
    {
        var text = new AnswerText(model.Bundle.Tokenizer, []);
        return new BeamAnswer(
            path.TokenIds,
            string.Concat(path.TokenIds.Select(text.Append)) + text.Flush(),
            path.Score,
            path.Reason!.Value);
    }
}
