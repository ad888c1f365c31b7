using System.Net.WebSockets;

namespace Stip.Api.Endpoints.Streaming;

/// <summary>Closes a connection that nobody else uses any more.</summary>
internal static class StreamFarewell
{
    // A close frame has room for 123 bytes, and a character takes up to three.
    private const int MostReasonCharacters = 41;

    public static async Task CloseAsync(WebSocket socket, WebSocketCloseStatus status, string reason)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            try
            {
                var shown = reason.Length > MostReasonCharacters ? reason[..MostReasonCharacters] : reason;
                await socket.CloseOutputAsync(status, shown, patience.Token);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException)
            {
                socket.Abort();
            }
        }
    }
}
