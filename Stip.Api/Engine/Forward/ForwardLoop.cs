using System.Threading.Channels;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>Runs the passes of one loaded graph: those that wait when it is free and are of equal shape run together.
/// </summary>
internal sealed class ForwardLoop : IAsyncDisposable
{
    private readonly Channel<ForwardPass> _waiting;
    private readonly IForwardGraph _graph;
    private readonly int _maxRows;
    private readonly int _queueLength;
    private readonly Func<ValidInputs, long, bool> _fits;
    private readonly Task _running;
    private int _unfinished;

    /// <param name="graph">Owned from here on.</param>
    /// <param name="maxRows">Most rows of passes that run together; 1 where none may.</param>
    /// <param name="queueLength">Passes that may wait.</param>
    /// <param name="fits">Whether there is memory for so many times a pass; null where there always is.</param>
    public ForwardLoop(
        IForwardGraph graph, int maxRows, int queueLength, Func<ValidInputs, long, bool>? fits = null)
    {
        (_graph, _maxRows, _queueLength, _fits) = (graph, maxRows, queueLength, fits ?? ((_, _) => true));
        _waiting = Channel.CreateUnbounded<ForwardPass>(new UnboundedChannelOptions { SingleReader = true });
        _running = Task.Run(RunAsync);
    }

    public bool IsIdle => Volatile.Read(ref _unfinished) == 0;

    /// <summary>The outputs of a pass; null where the loop has ended.</summary>
    public async Task<Outcome<IReadOnlyDictionary<string, TensorPayload>>?> TryRunAsync(
        ValidInputs inputs, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _unfinished) > _queueLength)
        {
            Interlocked.Decrement(ref _unfinished);
            return new Refusal(
                StipErrorCode.ServerOverloaded, $"{_queueLength} passes are waiting already",
                RetryAfter: TimeSpan.FromSeconds(1));
        }

        try
        {
            var pass = new ForwardPass(inputs, cancellation);
            return _waiting.Writer.TryWrite(pass)
                ? Outcome<IReadOnlyDictionary<string, TensorPayload>>.Of(await pass.Outputs)
                : (Outcome<IReadOnlyDictionary<string, TensorPayload>>?)null;
        }
        finally
        {
            Interlocked.Decrement(ref _unfinished);
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
            }
        }
    }

    // First come, first served: only neighbours of equal shape run together.
    private bool Take(List<ForwardPass> batch)
    {
        batch.Clear();
        var rows = 0L;
        while (_waiting.Reader.TryPeek(out var next))
        {
            var more = BatchAxis.Rows(next.Inputs);
            if (batch.Count > 0
                && (rows + more > _maxRows || !BatchAxis.AreAlike(batch[0].Inputs, next.Inputs)
                    || !_fits(next.Inputs, (rows + more + more - 1) / more)))
            {
                break;
            }

            _waiting.Reader.TryRead(out _);
            if (!next.IsCancelled)
            {
                batch.Add(next);
                rows += more;
            }
        }

        return batch.Count > 0;
    }

    private void Run(List<ForwardPass> batch)
    {
        if (batch.Count > 1 && TryRunTogether(batch))
        {
            return;
        }

        foreach (var pass in batch)
        {
            try
            {
                pass.Finish(_graph.Run(pass.Inputs.Tensors));
            }
#pragma warning disable CA1031 // A bug belongs to the one who asked, not to the loop.
            catch (Exception e)
#pragma warning restore CA1031
            {
                pass.Fail(e);
            }
        }
    }

    private bool TryRunTogether(List<ForwardPass> batch)
    {
        var rows = batch.Sum(pass => BatchAxis.Rows(pass.Inputs));
        IReadOnlyDictionary<string, TensorPayload> outputs;
        try
        {
            outputs = _graph.Run(BatchAxis.Join([.. batch.Select(pass => pass.Inputs)]));
        }
#pragma warning disable CA1031 // What one of them sent must not fail the others: each runs alone and fails alone.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }

        var from = 0L;
        foreach (var pass in batch)
        {
            var own = BatchAxis.Rows(pass.Inputs);
            if (BatchAxis.Cut(outputs, from, own, rows) is not { } cut)
            {
                // The manifest said otherwise; nobody was answered yet.
                return false;
            }

            pass.Finish(cut);
            from += own;
        }

        return true;
    }
}
