using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>A pass on its way through the loop of its graph.</summary>
internal sealed class ForwardPass(ValidInputs inputs, CancellationToken cancellation)
{
    private readonly TaskCompletionSource<IReadOnlyDictionary<string, TensorPayload>> _done =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ValidInputs Inputs => inputs;

    public Task<IReadOnlyDictionary<string, TensorPayload>> Outputs => _done.Task;

    /// <summary>True, and told to whoever waits, where nobody wants it any more.</summary>
    public bool IsCancelled => cancellation.IsCancellationRequested && (_done.TrySetCanceled(cancellation) || true);

    public void Finish(IReadOnlyDictionary<string, TensorPayload> outputs) => _done.TrySetResult(outputs);

    public void Fail(Exception exception) => _done.TrySetException(exception);
}
