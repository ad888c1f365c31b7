using Stip.Client.Sealing;
using Stip.Protocol.Completions;

namespace Stip.Client.Generation.Beams;

/// <summary>The sessions of a beam search, one for each running beam. A beam that goes on in several ways is forked,
/// one that goes on in none is released.</summary>
/// <param name="first">Of the prompt; owned.</param>
internal sealed class BeamSessions(StipSession first) : IAsyncDisposable
{
    private readonly List<StipSession> _open = [first];
    private StipSession[] _running = [first];
    private SessionUsage _gone;

    /// <summary>What all of them have cost.</summary>
    public SessionUsage Usage => _open.Aggregate(_gone, (sum, session) => Sum(sum, session.Usage));

    /// <summary>The row after the prompt.</summary>
    public async Task<LogitsRow[]> StartAsync(
        ReadOnlyMemory<int> promptIds, LogitsRequest want, CancellationToken cancellationToken) =>
        [(await first.StepAsync(promptIds, want, cancellationToken))[^1]];

    /// <summary>Goes on to other beams, all at once, so that the server runs them together.</summary>
    /// <returns>The row after each.</returns>
    public async Task<LogitsRow[]> StepAsync(
        IReadOnlyList<BeamStep> steps, LogitsRequest want, CancellationToken cancellationToken)
    {
        await BranchAsync(steps, cancellationToken);
        return await Task.WhenAll(_running.Select(async (session, i) =>
            (await session.StepAsync(new[] { steps[i].TokenId }, want, cancellationToken))[^1]));
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_open.Select(session => session.DisposeAsync().AsTask()));
        _open.Clear();
    }

    private async Task BranchAsync(IReadOnlyList<BeamStep> steps, CancellationToken cancellationToken)
    {
        var next = new StipSession?[steps.Count];
        var heirs = new HashSet<int>();
        for (var i = 0; i < next.Length; i++)
        {
            next[i] = heirs.Add(steps[i].Parent) ? _running[steps[i].Parent] : null;
        }

        // Released first: there are never more sessions than beams.
        await Task.WhenAll(_running.Where((_, beam) => !heirs.Contains(beam)).Select(ReleaseAsync).ToArray());
        await Task.WhenAll(Enumerable.Range(0, next.Length).Where(i => next[i] is null).Select(async i =>
        {
            var fork = await _running[steps[i].Parent].ForkAsync(cancellationToken);
            lock (_open)
            {
                _open.Add(fork);
            }

            next[i] = fork;
        }).ToArray());
        _running = next!;
    }

    private async Task ReleaseAsync(StipSession session)
    {
        lock (_open)
        {
            _open.Remove(session);
            _gone = Sum(_gone, session.Usage);
        }

        await session.DisposeAsync();
    }

    private static SessionUsage Sum(SessionUsage one, SessionUsage other) => new(
        one.Rounds + other.Rounds,
        one.Replays + other.Replays,
        one.BytesSent + other.BytesSent,
        one.BytesReceived + other.BytesReceived,
        one.RoundTrip + other.RoundTrip,
        one.Server + other.Server);
}
