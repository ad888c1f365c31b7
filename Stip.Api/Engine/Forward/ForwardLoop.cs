using System.Threading.Channels;
using Stip.Api.Engine.Scheduling;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>Runs the passes of one loaded graph, in turns between their owners: those that wait when it is free and are
/// of equal shape run together, once pairs have shown that neither looks at the other.</summary>
internal sealed class ForwardLoop : IAsyncDisposable
{
    private readonly Channel<ForwardPass> _waiting;
    private readonly IForwardGraph _graph;
    private readonly int _maxRows;
    private readonly OwnerQueue<ForwardPass> _queue = new();
    private readonly BatchTrial _trial;
    private readonly QueuePlaces _places;
    private readonly TimeProvider _clock;
    private readonly Func<ValidInputs, long, bool> _fits;
    private readonly Task _running;
    private long _lastRanAt;

    /// <param name="graph">Owned from here on.</param>
    /// <param name="maxRows">Most rows of passes that run together; 1 where none may.</param>
    /// <param name="queueLength">Passes that may wait.</param>
    /// <param name="clock">Tells how long they wait and run.</param>
    /// <param name="fits">Whether there is memory for so many times a pass; null where there always is.</param>
    /// <param name="trial">Finds out whether passes may run together; null for one of its own.</param>
    public ForwardLoop(
        IForwardGraph graph,
        int maxRows,
        int queueLength,
        TimeProvider clock,
        Func<ValidInputs, long, bool>? fits = null,
        BatchTrial? trial = null)
    {
        _trial = trial ?? new BatchTrial();
        (_graph, _maxRows, _clock, _fits) = (graph, maxRows, clock, fits ?? ((_, _) => true));
        _places = new QueuePlaces(queueLength, "passes");
        _waiting = Channel.CreateUnbounded<ForwardPass>(new UnboundedChannelOptions { SingleReader = true });
        _running = Task.Run(RunAsync);
    }

    public bool IsIdle => _places.Taken == 0;

    /// <summary>Timestamp of the end of the last pass; 0 before the first.</summary>
    public long LastRanAt => Interlocked.Read(ref _lastRanAt);

    /// <summary>The outputs of a pass; null where the loop has ended.</summary>
    /// <param name="owner">Turns and places are fair between owners.</param>
    /// <param name="inputs">Of the pass.</param>
    /// <param name="cancellation">Gives it up while it waits.</param>
    public async Task<Outcome<PassAnswer>?> TryRunAsync(
        string owner, ValidInputs inputs, CancellationToken cancellation)
    {
        if (_places.TryTake(owner) is { } full)
        {
            return new Refusal(StipErrorCode.ServerOverloaded, full, RetryAfter: TimeSpan.FromSeconds(1));
        }

        try
        {
            var pass = new ForwardPass(owner, inputs, _clock.GetTimestamp(), cancellation);
            return _waiting.Writer.TryWrite(pass) ? await pass.Answer : (Outcome<PassAnswer>?)null;
        }
        finally
        {
            _places.GiveBack(owner);
        }
    }

    /// <summary>Lets what waits finish.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _running;
        _graph.Dispose();
    }

    private async Task RunAsync()
    {
        var batch = new List<ForwardPass>();
        while (await _waiting.Reader.WaitToReadAsync())
        {
            while (Take(batch))
            {
                Run(batch);
                Interlocked.Exchange(ref _lastRanAt, _clock.GetTimestamp());
            }
        }
    }

    // First come, first served within an owner: only neighbours of equal shape run together.
    private bool Take(List<ForwardPass> batch)
    {
        while (_waiting.Reader.TryRead(out var come))
        {
            _queue.Add(come);
        }

        batch.Clear();
        var rows = 0L;
        var isPair = false;
        while (_queue.Peek() is { } next)
        {
            var more = BatchAxis.Rows(next.Inputs);
            if (batch.Count > 0)
            {
                // Two that are tried run both ways: what both gave is kept while each runs alone.
                var mayJoin = _trial.MayJoin(batch[0].Owner, next.Owner);
                var times = rows + more + (mayJoin is null ? Math.Max(rows, more) : 0);
                if (isPair || mayJoin == false || (mayJoin is null && batch.Count > 1) || rows + more > _maxRows
                    || !BatchAxis.AreAlike(batch[0].Inputs, next.Inputs)
                    || !_fits(next.Inputs, (times + more - 1) / more))
                {
                    break;
                }

                isPair = mayJoin is null;
            }

            _queue.Take();
            if (next.IsCancelled)
            {
                isPair = false;
                continue;
            }

            batch.Add(next);
            rows += more;
        }

        return batch.Count > 0;
    }

    private void Run(List<ForwardPass> batch)
    {
        if (batch.Count > 1 && (_trial.MayJoin(batch[0].Owner, batch[^1].Owner) == true
            ? TryRunTogether(batch)
            : !BatchAxis.AreEqual(batch[0].Inputs, batch[1].Inputs) && _trial.IsDue() && TryBothWays(batch)))
        {
            return;
        }

        foreach (var pass in batch)
        {
            RunAlone(pass);
        }
    }

    // What the pass gave, read before it is finished: from then on it is another's. False where it failed.
    private bool RunAlone(ForwardPass pass, Action<IReadOnlyDictionary<string, TensorPayload>>? read = null)
    {
        try
        {
            var began = _clock.GetTimestamp();
            var outputs = _graph.Run(pass.Inputs.Tensors);
            var times = Times(pass, began);
            read?.Invoke(outputs.Tensors);
            pass.Finish(outputs, times);
            return true;
        }
#pragma warning disable CA1031 // A bug belongs to the one who asked, not to the loop.
        catch (Exception e)
#pragma warning restore CA1031
        {
            pass.Fail(e);
            return false;
        }
    }

    private PassOutputs? MakeTogether(List<ForwardPass> batch, out bool isOfMemory)
    {
        isOfMemory = false;
        try
        {
            using var joined = new JoinedInputs([.. batch.Select(pass => pass.Inputs)]);
            return _graph.Run(joined.Tensors);
        }
#pragma warning disable CA1031 // What one of them sent must not fail the others: each runs alone and fails alone.
        catch (Exception e)
#pragma warning restore CA1031
        {
            isOfMemory = e is OutOfMemoryException;
            return null;
        }
    }

    // Answered with what each gives alone.
    private bool TryBothWays(List<ForwardPass> pair)
    {
        if (MakeTogether(pair, out var isOfMemory) is not { } made)
        {
            // A graph that was made for one sequence, or too little memory today.
            var areAnswered = RunAlone(pair[0]) & RunAlone(pair[1]);
            Learn(areAnswered && !isOfMemory ? _trial.LearnFailure : _trial.LearnNothing);
            return true;
        }

        using var together = made;
        var (first, second) = (BatchAxis.Rows(pair[0].Inputs), BatchAxis.Rows(pair[1].Inputs));
        var cuts = new[]
        {
            BatchAxis.Cut(together.Tensors, 0, first, first + second),
            BatchAxis.Cut(together.Tensors, first, second, first + second),
        };
        var differ = new List<bool>();
        for (var i = 0; i < pair.Count; i++)
        {
            RunAlone(pair[i], alone => Learn(() => differ.Add(_trial.Differ(cuts[i], alone))));
        }

        Learn(() =>
        {
            if (differ.Count == pair.Count)
            {
                _trial.Learn(differ.Contains(true), cuts[0], cuts[1], pair[0].Owner, pair[1].Owner);
            }
            else
            {
                _trial.LearnNothing();
            }
        });
        return true;
    }

    // The passes are answered whatever comes of the trial.
    private static void Learn(Action learn)
    {
        try
        {
            learn();
        }
#pragma warning disable CA1031 // A fault of the trial is nobody's who asked.
        catch (Exception)
#pragma warning restore CA1031
        {
            // Nothing is learned.
        }
    }

    private bool TryRunTogether(List<ForwardPass> batch)
    {
        var rows = batch.Sum(pass => BatchAxis.Rows(pass.Inputs));
        var began = _clock.GetTimestamp();
        if (MakeTogether(batch, out _) is not { } made)
        {
            return false;
        }

        // Each has its part of them, and the last to be written lets go of all.
        using var outputs = made;
        var from = 0L;
        foreach (var pass in batch)
        {
            var own = BatchAxis.Rows(pass.Inputs);
            if (BatchAxis.Cut(outputs.Tensors, from, own, rows) is not { } cut)
            {
                // The manifest said otherwise; nobody was answered yet.
                return false;
            }

            try
            {
                pass.Finish(outputs.Share(cut), Times(pass, began));
            }
#pragma warning disable CA1031 // A bug belongs to the one who asked, not to the loop.
            catch (Exception e)
#pragma warning restore CA1031
            {
                pass.Fail(e);
            }

            from += own;
        }

        return true;
    }

    private StepTimes Times(ForwardPass pass, long began) =>
        new(_clock.GetElapsedTime(pass.ArrivedAt, began), _clock.GetElapsedTime(began), default);
}
