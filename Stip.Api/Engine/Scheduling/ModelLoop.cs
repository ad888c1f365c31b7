using System.Collections.Concurrent;
using System.Diagnostics;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Errors;

namespace Stip.Api.Engine.Scheduling;

/// <summary>The one loop of a loaded model: whoever holds it alone touches sessions, caches and decoder.</summary>
/// <remarks>A thread of its own holds it while several sessions are active. A session that is alone is served on the
/// thread of its request, which saves it two hand-overs a token.</remarks>
internal sealed class ModelLoop : IAsyncDisposable
{
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);
    private readonly ConcurrentQueue<StepTicket> _steps = new();
    private readonly ConcurrentQueue<IEngineQuestion> _questions = new();
    private readonly SemaphoreSlim _bell = new(0);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _turn = new();
    private readonly IDecoder _decoder;
    private readonly SessionTable _sessions;
    private readonly StepScheduler<StepTicket> _scheduler;
    private readonly LoopTurn _loop;
    private readonly TimeProvider _clock;
    private readonly QueuePlaces _places;
    private readonly int _gatherMs;
    private readonly EngineMetrics _metrics;
    private readonly Action<string> _begin;
    private readonly SpareTickets _spare;
    private TimeSpan _lastRun;
    private int _missing;
    private volatile bool _isClosed;
    private volatile bool _isRunning;

    public ModelLoop(
        IDecoder decoder,
        SessionTable sessions,
        DecoderSnapshot snapshot,
        EngineOptions options,
        PrefillChunk chunk,
        int maxBatch,
        EngineMetrics metrics,
        TimeProvider clock)
    {
        (_decoder, _sessions, _clock, _metrics) = (decoder, sessions, clock, metrics);
        _places = new QueuePlaces(options.QueueLength, "steps");
        _begin = _places.GiveBack;
        _spare = new SpareTickets(metrics, 2 * maxBatch, decoder.ReducesRows);
        (_gatherMs, Slots) = (options.GatherMs, options.Slots);
        _scheduler = new StepScheduler<StepTicket>(maxBatch);
        _loop = new LoopTurn(
            sessions,
            new BatchRunner(decoder, snapshot, chunk),
            _scheduler,
            clock);
        new Thread(RunThread) { IsBackground = true, Name = "model loop" }.Start();
    }

    /// <summary>Ends when the loop has released everything.</summary>
    public Task Ended => _ended.Task;

    public int Sessions => _sessions.Count;

    /// <summary>Most sessions at once.</summary>
    public int Slots { get; }

    /// <summary>Steps that have begun and are not answered, those whose next chunk waits included.</summary>
    public int Running => _loop.Running;

    /// <summary>Timestamp of the end of the last run; 0 before the first.</summary>
    public long LastRanAt => _loop.LastRanAt;

    /// <summary>True where no step waits or runs.</summary>
    public bool IsIdle => Waiting == 0 && !_isRunning && _scheduler.Waiting == 0;

    /// <summary>True where this owner has such a session.</summary>
    public bool Holds(string owner, string sessionId) => _sessions.Peek(owner, sessionId) is not null;

    /// <summary>Steps that have not begun.</summary>
    public int Waiting => _places.Taken;

    /// <summary>Runs a step. Its answer is to be awaited once, and disposed of.</summary>
    public ValueTask<Outcome<StepAnswer>> StepAsync(string owner, ValidStep step, CancellationToken cancellation)
    {
        if (_isClosed)
        {
            return Refuse(step, DecoderHost.Gone);
        }

        var entered = step.Declaration.SessionId is { } id ? _sessions.Peek(owner, id) : null;
        if (entered?.TryEnter() == false)
        {
            return Refuse(step, DecoderHost.Busy);
        }

        if (_places.TryTake(owner) is { } full)
        {
            entered?.Leave();
            return Refuse(step, new Refusal(StipErrorCode.ServerOverloaded, full, RetryAfter: OneSecond));
        }

        var ticket = _spare.Take();
        ticket.Begin(owner, step, entered, _clock.GetTimestamp(), cancellation);
        var answer = ticket.Answer;
        _steps.Enqueue(ticket);
        if (step.Declaration.IsLong || (!IsGathered() && !TryServeAlone(ticket)))
        {
            _bell.Release();
        }

        RefuseTheLate();
        return answer;
    }

    /// <summary>Does something with the sessions, on the loop.</summary>
    public Task<Outcome<T>> AskAsync<T>(Func<SessionTable, Outcome<T>> ask, CancellationToken cancellation)
    {
        if (_isClosed)
        {
            return Task.FromResult<Outcome<T>>(DecoderHost.Gone);
        }

        var question = new EngineQuestion<T>(ask, cancellation);
        _questions.Enqueue(question);
        _bell.Release();
        RefuseTheLate();
        return question.Answer;
    }

    /// <summary>Lets what waits finish, then releases every session and the decoder.</summary>
    public async ValueTask DisposeAsync()
    {
        _isClosed = true;
        _bell.Release();
        await _ended.Task;
    }

    // The thread of a request must not be kept by the steps of others: it takes one turn.
    private bool TryServeAlone(StepTicket own)
    {
        if (!_decoder.RunsOnAnyThread || !_scheduler.IsSolo || !_turn.TryEnter())
        {
            return false;
        }

        try
        {
            // The loop may have ended, and released the decoder, since the door was asked.
            if (_isClosed)
            {
                return false;
            }

            own.IsServedByItsCaller(true);
            Turn();
        }
        finally
        {
            own.IsServedByItsCaller(false);
            _turn.Exit();
        }

        return _steps.IsEmpty && _scheduler.Waiting == 0;
    }

    private void RunThread()
    {
        while (true)
        {
            _bell.Wait();
            lock (_turn)
            {
                do
                {
                    Gather();
                    Turn();
                }
                while (_scheduler.Waiting > 0 || !_steps.IsEmpty || !_questions.IsEmpty);

                // Asked only now: the bell of the disposal may have been heard while gathering.
                if (_isClosed)
                {
                    // Whoever waits for the end gets it.
                    LostDevice.Outlast(_sessions, sessions => sessions.Dispose());
                    LostDevice.Outlast(_decoder, decoder => decoder.Dispose());
                    break;
                }
            }
        }

        _ended.SetResult();
        RefuseTheLate();
    }

    private void RefuseTheLate()
    {
        if (!_ended.Task.IsCompleted)
        {
            return;
        }

        while (_steps.TryDequeue(out var ticket))
        {
            ticket.Finish(DecoderHost.Gone);
        }

        while (_questions.TryDequeue(out var question))
        {
            question.Refuse(DecoderHost.Gone);
        }
    }

    private void Turn()
    {
        TakeIn();
        var start = Stopwatch.GetTimestamp();
        _isRunning = true;
        if (_loop.Run(_begin) is { } sessions)
        {
            _lastRun = Stopwatch.GetElapsedTime(start);
            // Who came meanwhile is as active as those who were served.
            TakeIn();
            _scheduler.Ran(sessions);
        }

        _isRunning = false;
    }

    private void TakeIn()
    {
        while (_questions.TryDequeue(out var question))
        {
            question.Run(_sessions);
        }

        while (_steps.TryDequeue(out var ticket))
        {
            // Read before: a ticket that was answered may be somebody else's in the next moment.
            var owner = ticket.Owner;
            if (!_loop.Admit(ticket))
            {
                _places.GiveBack(owner);
            }
        }
    }

    // With several sessions active, those of the last batch come back one after another: each that does gives the next
    // a moment more. What a batch too many costs bounds the whole wait: a batch costs hardly less than a fuller one.
    private void Gather()
    {
        TakeIn();
        var start = Stopwatch.GetTimestamp();
        while (_scheduler.ShouldGather && !_isClosed && Stopwatch.GetElapsedTime(start) <= _lastRun)
        {
            var missing = _scheduler.Missing;
            Interlocked.Exchange(ref _missing, missing);
            // Who came before that has rung or is here.
            TakeIn();
            var isRung = !_scheduler.ShouldGather || _bell.Wait(_gatherMs);
            Interlocked.Exchange(ref _missing, 0);
            TakeIn();
            if (!isRung && _scheduler.Missing == missing)
            {
                return;
            }
        }
    }

    // While the loop waits for several, it is woken by the last of them and not by each: they share its cores. It looks
    // for itself after a moment and before it runs, so a step that does not ring is never left.
    private bool IsGathered()
    {
        if (Volatile.Read(ref _missing) <= 0)
        {
            return false;
        }

        return Interlocked.Decrement(ref _missing) > 0;
    }

    private ValueTask<Outcome<StepAnswer>> Refuse(ValidStep step, Refusal refusal)
    {
        Outcome<StepAnswer> outcome = refusal;
        _metrics.Count(step.Declaration, outcome);
        return ValueTask.FromResult(outcome);
    }
}
