namespace Stip.Client.Generation.Beams;

/// <summary>
/// The bookkeeping of a beam search, as transformers does it: of all beams' continuations the best are looked at, two
/// for each beam or more; those of the first half that end are finished, the best of the others go on. No tensors, no
/// sessions.
/// </summary>
/// <param name="options">Checked.</param>
/// <param name="mostTokens">Most tokens of an answer.</param>
/// <param name="givenTokens">Tokens that every answer was begun with and that count in its length: the language that an
/// encoder–decoder model's answers are told.</param>
/// <param name="endIds">Tokens that end an answer.</param>
internal sealed class BeamState(
    BeamOptions options, int mostTokens, int givenTokens, IReadOnlyCollection<int> endIds)
{
    private readonly List<BeamPath> _finished = []; // best first

    /// <summary>Continuations that are looked at in a step, and as many as each beam must bring.</summary>
    public int Candidates { get; } = Math.Max(2, 1 + endIds.Count) * options.Beams;

    /// <summary>Those under way, best first.</summary>
    public IReadOnlyList<BeamPath> Running { get; private set; } = [BeamPath.Empty];

    /// <summary>Answers that have ended, best first.</summary>
    public IReadOnlyList<BeamPath> Finished => _finished;

    public bool IsDone { get; private set; }

    /// <summary>Goes one token on.</summary>
    /// <param name="candidates">Of each running beam, its <see cref="Candidates"/> likeliest or all there are.</param>
    /// <returns>Where each of the beams that run now comes from.</returns>
    public IReadOnlyList<BeamStep> Advance(IReadOnlyList<IReadOnlyList<BeamCandidate>> candidates)
    {
        var best = candidates
            .SelectMany((row, beam) => row.Select(next => (
                Step: new BeamStep(beam, next.TokenId), Sum: Running[beam].Score + next.LogProbability, next.Ends)))
            .OrderByDescending(found => found.Sum)
            .ThenBy(found => found.Step.Parent).ThenBy(found => found.Step.TokenId)
            .Take(Candidates).ToArray();
        var count = Running[0].TokenIds.Count + 1;
        foreach (var (step, sum, ends) in best.Take(options.Beams))
        {
            if (Reason(step.TokenId, count, ends) is { } reason)
            {
                _finished.Add(new BeamPath(Tokens(step), sum / Power(count), reason));
            }
        }

        Keep();
        var next = best.Where(found => Reason(found.Step.TokenId, count, found.Ends) is null)
            .Take(options.Beams).ToArray();
        Running = [.. next.Select(found => new BeamPath(Tokens(found.Step), found.Sum))];
        IsDone = next.Length == 0 || (_finished.Count == options.Beams && (options.Stopping == BeamStopping.First
            || Running[0].Score / Power(Hypothetical(count)) <= _finished[^1].Score));
        return [.. next.Select(found => found.Step)];
    }

    // Equal scores: the one that was first.
    private void Keep()
    {
        BeamPath[] kept = [.. _finished.OrderByDescending(path => path.Score).Take(options.Beams)];
        _finished.Clear();
        _finished.AddRange(kept);
    }

    private int Hypothetical(int count) =>
        options.Stopping == BeamStopping.Never && options.LengthPenalty > 0 ? mostTokens : count;

    private double Power(int count) => Math.Pow(count + givenTokens, options.LengthPenalty);

    private FinishReason? Reason(int tokenId, int count, bool ends) =>
        ends || endIds.Contains(tokenId) ? FinishReason.Stop : count == mostTokens ? FinishReason.Length : null;

    private int[] Tokens(BeamStep step) => [.. Running[step.Parent].TokenIds, step.TokenId];
}
