using System.Buffers;
using System.Net.WebSockets;
using Stip.Protocol;
using Stip.Protocol.Completions;

namespace Stip.Client.Transport;

/// <summary>A WebSocket to a Stip server: one binary message a step, one a answer, what does not change said once.
/// </summary>
internal sealed class CompletionStream : IDisposable
{
    private const int FirstBytes = 16 << 10;
    private readonly ClientWebSocket _socket = new();
    private readonly ArrayBufferWriter<byte> _body = new(FirstBytes);
    private readonly StickyFields _sent = new();
    private readonly StickyFields _received = new();
    private readonly TimeProvider _time;
    private byte[] _answer = new byte[FirstBytes];

    private CompletionStream(TimeProvider time) => _time = time;

    /// <exception cref="WebSocketException">The server is not reached or does not offer it.</exception>
    public static async Task<CompletionStream> ConnectAsync(
        Uri baseAddress,
        string apiKey,
        StipHttpClientOptions options,
        HttpMessageInvoker connections,
        CancellationToken cancellationToken)
    {
        var stream = new CompletionStream(options.Time);
        try
        {
            var address = new UriBuilder(new Uri(baseAddress, StipRoutes.CompletionStream.TrimStart('/')));
            address.Scheme = address.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs;
            stream._socket.Options.SetRequestHeader("Authorization", $"Bearer {apiKey}");
            stream._socket.Options.HttpVersion = options.HttpVersion;
            stream._socket.Options.HttpVersionPolicy = options.HttpVersionPolicy;
            await stream._socket.ConnectAsync(address.Uri, connections, cancellationToken);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>One step; null where the server refuses it, which leaves the connection good.</summary>
    /// <exception cref="WebSocketException">The connection broke.</exception>
    /// <exception cref="InvalidDataException">The answer is not one.</exception>
    public async Task<CompletionExchange?> ExchangeAsync(
        CompletionRequest request, CancellationToken cancellationToken)
    {
        _body.ResetWrittenCount();
        CompletionRequestCodec.Write(_body, request, _sent);
        var start = _time.GetTimestamp();
        await _socket.SendAsync(_body.WrittenMemory, WebSocketMessageType.Binary, true, cancellationToken);
        var (length, type) = await ReceiveAsync(cancellationToken);
        if (type == WebSocketMessageType.Text)
        {
            return null;
        }

        // Full rows stay views of these bytes; the buffer is used again.
        var body = request.Logits?.TopK is null ? _answer.AsMemory(0, length).ToArray() : _answer.AsMemory(0, length);
        var response = CompletionResponseCodec.Read(body, _received);
        var figures = new ExchangeFigures(
            _body.WrittenCount, length, _time.GetElapsedTime(start), ServerTiming.Read(response.ServerTiming));
        return new CompletionExchange(response, figures);
    }

    public void Dispose() => _socket.Dispose();

    private async Task<(int Length, WebSocketMessageType Type)> ReceiveAsync(CancellationToken cancellationToken)
    {
        var length = 0;
        while (true)
        {
            if (length == _answer.Length)
            {
                Array.Resize(ref _answer, checked(_answer.Length * 2));
            }

            var received = await _socket.ReceiveAsync(_answer.AsMemory(length), cancellationToken);
            length += received.Count;
            if (received.MessageType == WebSocketMessageType.Close)
            {
                throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely);
            }

            if (received.EndOfMessage)
            {
                return (length, received.MessageType);
            }
        }
    }
}
