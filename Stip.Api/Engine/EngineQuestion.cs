namespace Stip.Api.Engine;

/// <summary>A question to a model's loop, answered on the loop.</summary>
internal sealed class EngineQuestion<T>(Func<Outcome<T>> answer, CancellationToken cancellation) : EngineWork
{
    // Whoever waits goes on elsewhere: the loop must not write answers to sockets.
    private readonly TaskCompletionSource<Outcome<T>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Outcome<T>> Answer => _done.Task;

    public override void Run()
    {
        if (cancellation.IsCancellationRequested)
        {
            _done.TrySetCanceled(cancellation);
            return;
        }

        try
        {
            _done.TrySetResult(answer());
        }
#pragma warning disable CA1031 // A bug in one step belongs to the one who asked for it, not to the loop.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _done.TrySetException(e);
        }
    }
}
