using System.Net.WebSockets;

namespace Stip.Api.Endpoints.Streaming;

/// <summary>Ends a connection from outside: at once where it waits for its client, else after the step that runs. While
/// it waits nobody sends, so the farewell may; cancelling the wait would break the socket instead.</summary>
internal sealed class StreamGate(WebSocket socket, StreamWriter writer) : IDisposable
{
    private const int Waiting = 0;
    private const int Serving = 1;
    private const int Ended = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _leaving = new();
    private readonly TaskCompletionSource _said = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _state = Waiting;
    private StreamEnd? _asked;

    /// <summary>Cancelled when the other end did not answer the farewell for a while.</summary>
    public CancellationToken Leaving => _leaving.Token;

    /// <summary>Asks for the end; the first reason counts.</summary>
    public void Ask(StreamEnd end)
    {
        if (Interlocked.CompareExchange(ref _asked, end, null) is null)
        {
            TryEnd(Waiting);
        }
    }

    /// <summary>A message has begun to arrive; false where the connection has ended.</summary>
    public bool TryServe() => Interlocked.CompareExchange(ref _state, Serving, Waiting) == Waiting;

    /// <summary>The answer is out; false where the connection has ended.</summary>
    public bool TryWait()
    {
        if (Volatile.Read(ref _asked) is not null)
        {
            return !TryEnd(Serving);
        }

        Interlocked.Exchange(ref _state, Waiting);
        // Asked in between: whoever asked has seen a step run and left.
        return Volatile.Read(ref _asked) is null || !TryEnd(Waiting);
    }

    /// <summary>True once the farewell has begun.</summary>
    public bool HasEnded => Volatile.Read(ref _state) == Ended;

    /// <summary>Ends when the farewell is said.</summary>
    public Task Said => _said.Task;

    public void Dispose() => _leaving.Dispose();

    private bool TryEnd(int from)
    {
        if (Interlocked.CompareExchange(ref _state, Ended, from) != from)
        {
            return false;
        }

        _ = SayAsync(_asked!);
        return true;
    }

    private async Task SayAsync(StreamEnd end)
    {
        _leaving.CancelAfter(Patience);
        try
        {
            if (end.Refusal is { } refusal)
            {
                await writer.RefuseAsync(refusal, _leaving.Token);
            }

            await socket.CloseOutputAsync(end.Status, end.Reason, _leaving.Token);
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException
            or ObjectDisposedException or InvalidOperationException)
        {
            // The other end is gone already.
        }
        finally
        {
            _said.SetResult();
        }
    }
}
