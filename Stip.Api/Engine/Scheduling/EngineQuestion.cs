namespace Stip.Api.Engine.Scheduling;

/// <summary>A question about the sessions, answered on the loop.</summary>
internal sealed class EngineQuestion<T>(Func<SessionTable, Outcome<T>> ask, CancellationToken cancellation)
    : IEngineQuestion
{
    private readonly TaskCompletionSource<Outcome<T>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Outcome<T>> Answer => _done.Task;

    public void Refuse(Refusal refusal) => _done.TrySetResult(refusal);

    public void Run(SessionTable sessions)
    {
        if (cancellation.IsCancellationRequested)
        {
            _done.TrySetCanceled(cancellation);
            return;
        }

        try
        {
            _done.TrySetResult(ask(sessions));
        }
#pragma warning disable CA1031 // A bug in one question belongs to the one who asked it, not to the loop.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _done.TrySetException(e);
        }
    }
}
