using System.Collections.Concurrent;
using System.Net.WebSockets;
using Stip.Protocol.Completions;

namespace Stip.Client.Transport;

/// <summary>WebSockets to one server, as many as steps are under way at once.</summary>
/// <remarks>What does not go well here is asked again over HTTP, which knows retries and reasons: a step names its
/// position, so sending it twice appends it once.</remarks>
/// <param name="baseAddress">Of the server.</param>
/// <param name="apiKey">A key with the scope <c>infer</c>.</param>
/// <param name="options">How the server is spoken to.</param>
/// <param name="sockets">Connections; null makes them as the options want them.</param>
internal sealed class CompletionStreams(
    Uri baseAddress, string apiKey, StipHttpClientOptions options, HttpMessageHandler? sockets = null) : IDisposable
{
    private const int MostIdle = 64;

    // Servers ping every 30 seconds and end what does not answer, which nobody does while nothing is received.
    private static readonly TimeSpan LongestIdle = TimeSpan.FromSeconds(20);

    // After a longer pause the way may be gone without a word: then HTTP is asked, long before a step takes too long.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PatienceAfterPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PatienceOfARow = TimeSpan.FromSeconds(0.5);

    private readonly ConcurrentStack<(CompletionStream Stream, long Since)> _idle = new();
    private readonly HttpMessageInvoker _connections = new(sockets ?? StipConnection.Sockets(options));
    private volatile bool _isUnavailable;

    /// <summary>One step, or null where HTTP must do it.</summary>
    public async Task<CompletionExchange?> TryAsync(CompletionRequest request, CancellationToken cancellationToken)
    {
        if (_isUnavailable)
        {
            return null;
        }

        var (stream, hasPaused) = TakeIdle();
        using var time = new CancellationTokenSource(
            hasPaused ? PatienceFor(request) : options.AttemptTimeout, options.Time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, time.Token);
        var isUsed = stream is not null;
        var isGood = false;
        try
        {
            stream ??= await CompletionStream.ConnectAsync(
                baseAddress, apiKey, options, _connections, patience.Token);
            var exchange = await stream.ExchangeAsync(request, patience.Token);
            isGood = true;
            return exchange;
        }
        catch (WebSocketException fault)
        {
            // A server or a proxy that answers the handshake with something else will do so again.
            _isUnavailable |= stream is null && fault.WebSocketErrorCode == WebSocketError.NotAWebSocket;
            return null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            if (isGood && _idle.Count < MostIdle)
            {
                _idle.Push((stream!, options.Time.GetTimestamp()));
            }
            else
            {
                stream?.Dispose();
            }

            if (isUsed && !isGood && !cancellationToken.IsCancellationRequested)
            {
                // The others go the same way.
                DropIdle();
            }
        }
    }

    public void Dispose()
    {
        DropIdle();
        _connections.Dispose();
    }

    private (CompletionStream? Stream, bool HasPaused) TakeIdle()
    {
        if (!_idle.TryPop(out var idle))
        {
            return (null, false);
        }

        var pause = options.Time.GetElapsedTime(idle.Since);
        if (pause <= LongestIdle)
        {
            return (idle.Stream, pause > Pause);
        }

        // Those below it were used before it.
        idle.Stream.Dispose();
        DropIdle();
        return (null, false);
    }

    private TimeSpan PatienceFor(CompletionRequest request)
    {
        var patience = PatienceAfterPause + (PatienceOfARow * request.PromptEmbeds.Shape[0]);
        return patience < options.AttemptTimeout ? patience : options.AttemptTimeout;
    }

    private void DropIdle()
    {
        while (_idle.TryPop(out var idle))
        {
            idle.Stream.Dispose();
        }
    }
}
