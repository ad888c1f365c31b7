using System.Collections.Concurrent;
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
    private readonly int _queueLength;
    private readonly int _gatherMs;
    private int _waiting;
    private volatile bool _isClosed;

    public ModelLoop(
        IDecoder decoder,
        SessionTable sessions,
        DecoderSnapshot snapshot,
        EngineOptions options,
        TimeProvider clock)
    {
        (_decoder, _sessions, _clock) = (decoder, sessions, clock);
        (_queueLength, _gatherMs) = (options.QueueLength, options.GatherMs);
        _scheduler = new StepScheduler<StepTicket>(options.MaxBatch);
        _loop = new LoopTurn(
            sessions, new BatchRunner(decoder, snapshot, options.PrefillChunk), _scheduler, clock);
        new Thread(RunThread) { IsBackground = true, Name = "model loop" }.Start();
    }

    /// <summary>Ends when the loop has released everything.</summary>
    public Task Ended => _ended.Task;

    public int Sessions => _sessions.Count;

    /// <summary>Steps that have not begun.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    public Task<Outcome<StepAnswer>> StepAsync(string owner, ValidStep step, CancellationToken cancellation)
    {
        if (_isClosed)
        {
            return Task.FromResult<Outcome<StepAnswer>>(DecoderHost.Gone);
        }

        var ticket = new StepTicket(owner, step, _clock.GetTimestamp(), cancellation);
        if (Interlocked.Increment(ref _waiting) > _queueLength)
        {
            Interlocked.Decrement(ref _waiting);
            return Task.FromResult<Outcome<StepAnswer>>(new Refusal(
                StipErrorCode.ServerOverloaded, $"{_queueLength} steps are waiting already", RetryAfter: OneSecond));
        }

        _steps.Enqueue(ticket);
        if (step.Declaration.RowCount > 1 || !TryServeAlone())
        {
            _bell.Release();
        }

        RefuseTheLate();
        return ticket.Answer;
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
    private bool TryServeAlone()
    {
        if (!_scheduler.IsSolo || !_turn.TryEnter())
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

            Turn();
        }
        finally
        {
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
                    _sessions.Dispose();
                    _decoder.Dispose();
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
        if (_loop.Run(begun => Interlocked.Add(ref _waiting, -begun)) is { } sessions)
        {
            // Who came meanwhile is as active as those who were served.
            TakeIn();
            _scheduler.Ran(sessions);
        }
    }

    private void TakeIn()
    {
        while (_questions.TryDequeue(out var question))
        {
            question.Run(_sessions);
        }

        while (_steps.TryDequeue(out var ticket))
        {
            if (!_loop.Admit(ticket))
            {
                Interlocked.Decrement(ref _waiting);
            }
        }
    }

    // With several sessions active, those of the last batch get a moment to come back.
    private void Gather()
    {
        TakeIn();
        var deadline = Environment.TickCount64 + _gatherMs;
        while (_scheduler.ShouldGather && !_isClosed && Environment.TickCount64 < deadline)
        {
            _bell.Wait(1);
            TakeIn();
        }
    }
}
