using System.Collections.Concurrent;
using System.Diagnostics;
using Stip.Client;
using Stip.Client.Generation;

namespace Stip.Bench.Soak;

/// <summary>Users who ask one thing after another, and compare every token with the reference.</summary>
internal sealed class SoakLoad(IReadOnlyList<SoakReference> references)
{
    private ConcurrentBag<double> _stepMs = [];
    private long _tokens;
    private long _wrong;
    private long _answers;
    private long _refusals;
    private long _replays;

    public long Tokens => Interlocked.Read(ref _tokens);

    public long Wrong => Interlocked.Read(ref _wrong);

    public long Answers => Interlocked.Read(ref _answers);

    public long Refusals => Interlocked.Read(ref _refusals);

    public long Replays => Interlocked.Read(ref _replays);

    /// <summary>Times of the steps since the last call, in milliseconds.</summary>
    public double[] TakeStepTimes() => [.. Interlocked.Exchange(ref _stepMs, [])];

    /// <summary>One user, until the end.</summary>
    public async Task RunAsync(StipModel model, int user, CancellationToken end)
    {
        for (var turn = 0; !end.IsCancellationRequested; turn++)
        {
            try
            {
                await AskAsync(model, references[(user + turn) % references.Count]);
                Interlocked.Increment(ref _answers);
            }
            catch (StipException)
            {
                Interlocked.Increment(ref _refusals);
            }
        }
    }

    private async Task AskAsync(StipModel model, SoakReference reference)
    {
        await using var session = model.OpenSession(reference.Prompt.Length + reference.Answer.Length + 1);
        var row = await session.AppendAsync(reference.Prompt, topK: 1);
        foreach (var expected in reference.Answer)
        {
            var said = row.ArgMax();
            Interlocked.Increment(ref _tokens);
            if (said != expected)
            {
                Interlocked.Increment(ref _wrong);
            }

            var start = Stopwatch.GetTimestamp();
            row = await session.AppendAsync(new[] { expected }, topK: 1);
            _stepMs.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        Interlocked.Add(ref _replays, session.Usage.Replays);
    }
}
