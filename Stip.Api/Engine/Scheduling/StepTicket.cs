using System.Threading.Tasks.Sources;

namespace Stip.Api.Engine.Scheduling;

/// <summary>A step on its way through a model's loop, and the promise of its answer. Used again and again: a step of
/// the steady state allocates nothing.</summary>
#pragma warning disable CA1001 // Whoever gets the answer disposes of it.
internal sealed class StepTicket : IScheduled, IThreadPoolWorkItem, IValueTaskSource<Outcome<StepAnswer>>
#pragma warning restore CA1001
{
    private readonly EngineMetrics _metrics;
    private readonly bool _reducesRows;
    private readonly Action<StepTicket> _recycle;
    private readonly StepAnswer _answer;
    private ManualResetValueTaskSourceCore<Outcome<StepAnswer>> _done;
    private CancellationToken _cancellation;
    private SessionState? _entered;
    private Outcome<StepAnswer> _outcome;
    private Exception? _failure;
    private bool _isServedByCaller;

    /// <param name="metrics">Counts every answer.</param>
    /// <param name="reducesRows">Whether the decoder gives no more of a row than is wanted.</param>
    /// <param name="recycle">Takes the ticket back once its answer was read and disposed of.</param>
    public StepTicket(EngineMetrics metrics, bool reducesRows, Action<StepTicket> recycle)
    {
        (_metrics, _reducesRows, _recycle) = (metrics, reducesRows, recycle);
        _answer = new StepAnswer(() => _recycle(this));
    }

    public string Owner { get; private set; } = "";

    public ValidStep Step { get; private set; } = null!;

    public StepDeclaration Declaration => Step.Declaration;

    /// <summary>Set when the step was admitted.</summary>
    public SessionState Session { get; set; } = null!;

    public int RowsDone { get; set; }

    /// <summary>Rows at the end of the chunk that has begun.</summary>
    public int ChunkEnd { get; set; }

    /// <summary>True once the encoder has read its source, where it brings one.</summary>
    public bool HasRead { get; set; }

    /// <summary>True once something of it has run.</summary>
    public bool HasBegun => HasRead || RowsDone > 0;

    /// <summary>Timestamp of its arrival.</summary>
    public long ArrivedAt { get; private set; }

    public StepTimes Times { get; set; }

    public int RowsLeft => Declaration.RowCount - RowsDone;

    public bool IsLong => Declaration.IsLong;

    /// <summary>What the decoder gives of each wanted row.</summary>
    public TopRow Top => _reducesRows && Declaration.Logits is { TopK: { } k, Temperature: var temperature }
        ? new TopRow(k, temperature)
        : default;

    /// <summary>Bytes of what the decoder gives of a row.</summary>
    public int RowBytes => Top.Bytes(Declaration.RowBytes);

    /// <summary>Wanted logits: of each wanted row, all or <see cref="Top"/>.</summary>
    public Memory<byte> Logits => _answer.Reserve(Declaration.WantedRows * RowBytes);

    /// <summary>False where a row of the wanted logits holds what is no number.</summary>
    public bool AreNumbers => LogitsRows.AreNumbers(Declaration.Decoder.LogitsDtype, Logits.Span, RowBytes, Top);

    public bool IsCancelled => _cancellation.IsCancellationRequested;

    /// <summary>To be awaited once.</summary>
    public ValueTask<Outcome<StepAnswer>> Answer => new(this, _done.Version);

    /// <summary>Begins a step.</summary>
    /// <param name="owner">Id of the API key.</param>
    /// <param name="step">What to run; the caller keeps it until the answer is there.</param>
    /// <param name="entered">The session that nobody else may step meanwhile; null for a new one.</param>
    /// <param name="arrivedAt">Timestamp.</param>
    /// <param name="cancellation">Ends the wait, and the step where it has not begun.</param>
    public void Begin(
        string owner, ValidStep step, SessionState? entered, long arrivedAt, CancellationToken cancellation)
    {
        (Owner, Step, _entered, ArrivedAt, _cancellation) = (owner, step, entered, arrivedAt, cancellation);
        (RowsDone, ChunkEnd, HasRead, Times, _failure, Session) = (0, 0, false, default, null, null!);
    }

    /// <summary>Holds a session that was opened for the step until it is answered, as one that it names.</summary>
    public void Enter(SessionState opened) => _entered = opened.TryEnter()
        ? opened
        : throw new InvalidOperationException("a session that was just opened is held");

    /// <summary>Says that the thread that began the step runs it too and has not awaited it yet.</summary>
    public void IsServedByItsCaller(bool yes) => _isServedByCaller = yes;

    /// <summary>The answer over the logits that were written; whoever gets it disposes of it.</summary>
    public StepAnswer TakeAnswer()
    {
        _answer.Fill(
            Top, Declaration.WantedRows * RowBytes, Declaration.Keep ? Session.Id : null, Declaration.Position,
            Session.CachedTokens, Session.CachedTokens == Session.MaxLength, Times);
        return _answer;
    }

    public void Finish(in Outcome<StepAnswer> outcome)
    {
        _outcome = outcome;
        _metrics.Count(Declaration, outcome);
        Complete();
    }

    public void Fail(Exception exception)
    {
        _failure = exception;
        Complete();
    }

    public void Cancel() => Fail(new OperationCanceledException(_cancellation));

    /// <summary>Hands the answer to whoever awaits it, who goes on in this thread: one of the pool.</summary>
    public void Execute()
    {
        if (_failure is { } failure)
        {
            _done.SetException(failure);
        }
        else
        {
            _done.SetResult(_outcome);
        }
    }

    Outcome<StepAnswer> IValueTaskSource<Outcome<StepAnswer>>.GetResult(short token)
    {
        var isAnswer = _failure is null && _outcome.Refusal is null;
        try
        {
            return _done.GetResult(token);
        }
        finally
        {
            // What is in an answer is read later, so the answer gives the ticket back.
            (_outcome, Step, Session, _cancellation) = (default, null!, null!, default);
            _done.Reset();
            if (!isAnswer)
            {
                _answer.Abandon();
                _recycle(this);
            }
        }
    }

    ValueTaskSourceStatus IValueTaskSource<Outcome<StepAnswer>>.GetStatus(short token) => _done.GetStatus(token);

    void IValueTaskSource<Outcome<StepAnswer>>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _done.OnCompleted(continuation, state, token, flags);

    // Whoever waits goes on elsewhere: the loop must not write answers to sockets.
    private void Complete()
    {
        _entered?.Leave();
        _entered = null;
        if (_isServedByCaller)
        {
            Execute();
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }
}
