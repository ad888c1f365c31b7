using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using Stip.Protocol;
using Stip.Protocol.Completions;

namespace Stip.Api.Tests.Hosting;

/// <summary>A WebSocket of steps, one after another.</summary>
internal sealed class TinyStream(WebSocket socket) : IDisposable
{
    private readonly StickyFields _sent = new();
    private readonly StickyFields _received = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>With the administrator's key, to a server of this process.</summary>
    public static async Task<TinyStream> OpenAsync(ApiServer server)
    {
        _ = server.Services;
        var client = server.Server.CreateWebSocketClient();
        client.ConfigureRequest = request => request.Headers.Authorization = $"Bearer {ApiServer.AdminKey}";
        return new TinyStream(await client.ConnectAsync(
            new Uri(server.Server.BaseAddress, StipRoutes.CompletionStream), Cancellation));
    }

    public ValueTask SendAsync(CompletionRequest request)
    {
        var message = new ArrayBufferWriter<byte>();
        CompletionRequestCodec.Write(message, request, _sent);
        return socket.SendAsync(message.WrittenMemory, WebSocketMessageType.Binary, true, Cancellation);
    }

    public async Task<CompletionResponse> StepAsync(CompletionRequest request)
    {
        await SendAsync(request);
        return await ReadAsync();
    }

    /// <summary>The next answer.</summary>
    public async Task<CompletionResponse> ReadAsync()
    {
        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            var received = await socket.ReceiveAsync(body.GetMemory(64 << 10), Cancellation);
            body.Advance(received.Count);
            if (received.EndOfMessage)
            {
                Assert.True(
                    received.MessageType == WebSocketMessageType.Binary, Encoding.UTF8.GetString(body.WrittenSpan));
                return CompletionResponseCodec.Read(body.WrittenSpan.ToArray(), _received);
            }
        }
    }

    /// <summary>Goes without a word.</summary>
    public void Abort() => socket.Abort();

    public void Dispose() => socket.Dispose();
}
