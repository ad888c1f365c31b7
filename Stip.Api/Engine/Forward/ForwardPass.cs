using Stip.Api.Engine.Scheduling;

namespace Stip.Api.Engine.Forward;

/// <summary>A pass on its way through the loop of its graph.</summary>
internal sealed class ForwardPass(string owner, ValidInputs inputs, long arrivedAt, CancellationToken cancellation)
    : IScheduled
{
    private readonly TaskCompletionSource<PassAnswer> _done =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Owner => owner;

    public int RowsLeft => 1;

    public ValidInputs Inputs => inputs;

    /// <summary>Timestamp of the loop's clock.</summary>
    public long ArrivedAt => arrivedAt;

    public Task<PassAnswer> Answer => _done.Task;

    /// <summary>True, and told to whoever waits, where nobody wants it any more.</summary>
    public bool IsCancelled => cancellation.IsCancellationRequested && (_done.TrySetCanceled(cancellation) || true);

    /// <param name="outputs">Those who wait own them from here on.</param>
    /// <param name="times">Where it spent its time.</param>
    public void Finish(PassOutputs outputs, StepTimes times) =>
        _done.TrySetResult(new PassAnswer(outputs, times));

    public void Fail(Exception exception) => _done.TrySetException(exception);
}
