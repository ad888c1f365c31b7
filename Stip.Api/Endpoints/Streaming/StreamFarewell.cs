using System.Net.WebSockets;
using System.Text;

namespace Stip.Api.Endpoints.Streaming;

/// <summary>Closes a connection that nobody else uses any more.</summary>
internal static class StreamFarewell
{
    // What a close frame has room for.
    private const int MostReasonBytes = 123;

    public static async Task CloseAsync(WebSocket socket, WebSocketCloseStatus status, string reason)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            try
            {
                await socket.CloseOutputAsync(status, Shown(reason), patience.Token);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException)
            {
                socket.Abort();
            }
        }
    }

    // Whole characters only: it may quote what a caller sent, halves of characters among it.
    private static string Shown(string reason)
    {
        var shown = new StringBuilder();
        var bytes = 0;
        foreach (var rune in reason.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MostReasonBytes)
            {
                break;
            }

            shown.Append(rune.ToString());
        }

        return shown.ToString();
    }
}
