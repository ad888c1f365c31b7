using System.Buffers;

namespace Stip.Api.Engine.Scheduling;

/// <summary>A step on its way through a model's loop.</summary>
internal sealed class StepTicket(
    string owner, ValidStep step, long arrivedAt, CancellationToken cancellation) : IScheduled
{
    // Whoever waits goes on elsewhere: the loop must not write answers to sockets.
    private readonly TaskCompletionSource<Outcome<StepAnswer>> _done =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private byte[]? _logits;

    public string Owner => owner;

    public ValidStep Step => step;

    public StepDeclaration Declaration => step.Declaration;

    /// <summary>Set when the step was admitted.</summary>
    public SessionState Session { get; set; } = null!;

    public int RowsDone { get; set; }

    /// <summary>Timestamp of its arrival.</summary>
    public long ArrivedAt => arrivedAt;

    public StepTimes Times { get; set; }

    public int RowsLeft => Declaration.RowCount - RowsDone;

    public int LogitsBytes => Declaration.LogitsBytes;

    /// <summary>Wanted logits, <c>[wanted rows, vocab]</c>.</summary>
    public Span<byte> Logits => (_logits ??= ArrayPool<byte>.Shared.Rent(LogitsBytes)).AsSpan(0, LogitsBytes);

    public bool IsCancelled => cancellation.IsCancellationRequested;

    public Task<Outcome<StepAnswer>> Answer => _done.Task;

    /// <summary>The answer over the logits that were written; whoever gets it returns them.</summary>
    public StepAnswer TakeAnswer()
    {
        var session = Session;
        var logits = _logits!;
        _logits = null;
        return new StepAnswer(
            logits, LogitsBytes, Declaration.Keep ? session.Id : null, Declaration.Position, session.CachedTokens,
            session.CachedTokens == session.MaxLength, Times);
    }

    public void Finish(Outcome<StepAnswer> outcome)
    {
        ReturnLogits();
        _done.TrySetResult(outcome);
    }

    public void Fail(Exception exception)
    {
        ReturnLogits();
        _done.TrySetException(exception);
    }

    public void Cancel()
    {
        ReturnLogits();
        _done.TrySetCanceled(cancellation);
    }

    private void ReturnLogits()
    {
        if (_logits is not null)
        {
            ArrayPool<byte>.Shared.Return(_logits);
            _logits = null;
        }
    }
}
