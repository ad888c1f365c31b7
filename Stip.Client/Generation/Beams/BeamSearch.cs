using Stip.Client.Bundles;
using Stip.Client.Sampling;
using Stip.Client.Sealing;
using Stip.Protocol.Completions;

namespace Stip.Client.Generation.Beams;

/// <summary>One beam search: rows of the server, candidates, beams, and again.</summary>
internal sealed class BeamSearch(StipModel model, BeamOptions options)
{
    private readonly SamplingOptions _penalties = options.Penalties;
    private ReadOnlyMemory<int> _start;
    private BeamCandidates? _candidates;
    private BeamGrammars? _grammars;
    private SuppressedTokens? _suppressed;

    public async Task<BeamAnswers> RunAsync(
        ReadOnlyMemory<int> promptIds, PlacedRows? placed, CancellationToken cancellationToken)
    {
        options.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(promptIds.Length, 1, nameof(promptIds));
        _candidates = new BeamCandidates(model.Bundle.Permutation.VocabSize, _penalties);
        _grammars = StartGrammars();
        (var session, _start) = model.Open(promptIds, placed, options.FirstTokenId, options.MaxNewTokens);
        await using var sessions = new BeamSessions(session);
        var maxTopK = (await model.CheckAsync(cancellationToken)).MaxTopK;
        var state = Begin(session);
        var rows = await sessions.StartAsync(_start, Want(state, maxTopK), cancellationToken);
        while (true)
        {
            var steps = state.Advance([.. rows.Select((row, beam) => Candidates(state, row, beam))]);
            _suppressed?.Accept();
            _grammars?.Advance(steps);
            if (state.IsDone)
            {
                break;
            }

            rows = await sessions.StepAsync(steps, Want(state, maxTopK), cancellationToken);
        }

        // Of nothing else do all beams end without an answer.
        if (state.Finished.Count == 0)
        {
            throw new NothingAllowedException().Of(model.Id);
        }

        return new BeamAnswers(
            [.. state.Finished.Take(options.Returned).Select(Answer)], promptIds.Length, sessions.Usage);
    }

    private BeamState Begin(StipSession session)
    {
        var (sequence, endIds) = (model.Bundle.Manifest.Sequence, model.Bundle.Manifest.EosTokenIds);
        _suppressed = SuppressedTokens.Has(sequence)
            ? new SuppressedTokens(sequence!, endIds, _start.Length, _grammars)
            : null;
        // The token after the last place needs no place of its own.
        var most = Math.Min(options.MaxNewTokens ?? int.MaxValue, session.MaxLength - _start.Length + 1);
        // transformers counts all but the decoder's own start.
        var given = sequence is null ? 0 : _start.Length - 1;
        return new BeamState(options, Math.Max(most, 1), given, options.IgnoreEndOfSequence ? [] : [.. endIds]);
    }

    private BeamGrammars? StartGrammars() => options.Grammar is not { } grammar
        ? null
        : model.Bundle.Tokenizer is { } tokenizer
            ? new BeamGrammars(grammar.Start(tokenizer, model.Bundle.Manifest.EosTokenIds))
            : throw new BundleException($"{model.Bundle.Folder} has no tokenizer: a grammar cannot be followed");

    private IReadOnlyList<BeamCandidate> Candidates(BeamState state, LogitsRow row, int beam)
    {
        _grammars?.Look(beam);
        int[] context = _penalties.HasPenalties ? [.. _start.Span, .. state.Running[beam].TokenIds] : [];
        var found = _candidates!.Of(
            row, state.Candidates, (ITokenFilter?)_suppressed ?? _grammars, context, _start.Length);
        return _grammars is not { } grammars
            ? found
            : [.. found.Select(candidate => candidate with { Ends = grammars.EndsWith(candidate.TokenId) })];
    }

    // Of no beam more than there are candidates can be among them, beside what is ruled out and what penalties lower.
    private LogitsRequest Want(BeamState state, int maxTopK)
    {
        var count = state.Candidates + (_suppressed?.Count ?? 0) + Lowered(state);
        return new LogitsRequest(
            _grammars is null && !_penalties.RaisesSeenTokens && count <= maxTopK ? count : null);
    }

    private int Lowered(BeamState state)
    {
        if (!_penalties.HasPenalties)
        {
            return 0;
        }

        // A prompt counts in one of them only.
        var given = _penalties.RepetitionPenalty != 1 ? _start.ToArray() : [];
        return state.Running.Max(beam => given.Concat(beam.TokenIds).Distinct().Count());
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
