using System.Collections.Concurrent;
using System.Net.WebSockets;
using Stip.Protocol.Completions;

namespace Stip.Client.Transport;

/// <summary>WebSockets to one server, as many as steps are under way at once.</summary>
/// <remarks>What does not go well here is asked again over HTTP, which knows retries and reasons: a step names its
/// position, so sending it twice appends it once.</remarks>
internal sealed class CompletionStreams(Uri baseAddress, string apiKey, StipHttpClientOptions options) : IDisposable
{
    private const int MostIdle = 64;
    private readonly ConcurrentStack<CompletionStream> _idle = new();
    private readonly HttpMessageInvoker _connections = new(StipConnection.Sockets(options));
    private volatile bool _isUnavailable;

    /// <summary>One step, or null where HTTP must do it.</summary>
    public async Task<CompletionExchange?> TryAsync(CompletionRequest request, CancellationToken cancellationToken)
    {
        if (_isUnavailable)
        {
            return null;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.AttemptTimeout);
        CompletionStream? stream = null;
        var isGood = false;
        try
        {
            stream = _idle.TryPop(out var idle)
                ? idle
                : await CompletionStream.ConnectAsync(baseAddress, apiKey, options, _connections, patience.Token);
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
                _idle.Push(stream!);
            }
            else
            {
                stream?.Dispose();
            }
        }
    }

    public void Dispose()
    {
        while (_idle.TryPop(out var stream))
        {
            stream.Dispose();
        }

        _connections.Dispose();
    }
}
