using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Stip.Protocol.Completions;

namespace Stip.Client.Tests.Transport;

/// <summary>Accepts WebSockets behind an HttpClient and answers steps, as long as it is told to.</summary>
internal sealed class SocketServer : HttpMessageHandler
{
    private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private readonly ConcurrentBag<IDisposable> _open = [];
    private int _connections;
    private int _steps;
    private volatile bool _answers = true;

    /// <summary>WebSockets so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Steps so far, answered or not.</summary>
    public int Steps => Volatile.Read(ref _steps);

    /// <summary>False for one whose network is gone without a word.</summary>
    public bool Answers
    {
        get => _answers;
        set => _answers = value;
    }

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _connections);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var near = new TcpClient();
        await near.ConnectAsync((IPEndPoint)listener.LocalEndpoint, cancellationToken);
        var far = await listener.AcceptTcpClientAsync(cancellationToken);
        _open.Add(near);
        _open.Add(far);
        _ = ServeAsync(far.GetStream());
        var answer = new HttpResponseMessage(HttpStatusCode.SwitchingProtocols)
        {
            Content = new DuplexContent(near.GetStream()),
        };
        answer.Headers.Connection.Add("Upgrade");
        answer.Headers.Upgrade.Add(new ProductHeaderValue("websocket"));
        var key = request.Headers.GetValues("Sec-WebSocket-Key").Single();
#pragma warning disable CA5350 // RFC 6455 wants it so.
        var hash = SHA1.HashData(Encoding.ASCII.GetBytes(key + Guid));
#pragma warning restore CA5350
        answer.Headers.TryAddWithoutValidation("Sec-WebSocket-Accept", Convert.ToBase64String(hash));
        return answer;
    }

    protected override void Dispose(bool disposing)
    {
        foreach (var open in _open)
        {
            open.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task ServeAsync(Stream stream)
    {
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
        var buffer = new byte[1 << 16];
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None)) is { Count: > 0 })
            {
                Interlocked.Increment(ref _steps);
                if (Answers)
                {
                    await socket.SendAsync(Answer(), WebSocketMessageType.Binary, true, CancellationToken.None);
                }
            }
        }
        catch (Exception fault) when (fault is WebSocketException or IOException)
        {
            // The client has gone.
        }
    }

    private static ReadOnlyMemory<byte> Answer()
    {
        var output = new ArrayBufferWriter<byte>();
        CompletionResponseCodec.Write(output, new(
            "id", CompletionResponse.ObjectName, 0, "toy", "sess_1", 1,
            [new(0, new LogitsPayload("float32", Shape: [2], Data: new byte[8]), null)], new(1, 0, 1)));
        return output.WrittenMemory;
    }

    private sealed class DuplexContent(Stream stream) : HttpContent
    {
        protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => stream;

        protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(stream);

        protected override Task SerializeToStreamAsync(Stream target, TransportContext? context) =>
            throw new NotSupportedException();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
