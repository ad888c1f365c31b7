using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Completions;
using Stip.Protocol.Forward;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Api.Tests.Endpoints;

/// <summary>Clients that stop reading in the middle of large answers: a real server holds neither its models' loops nor
/// a place of their key for them.</summary>
[Trait("Category", "Slow")]
public sealed class UnreadAnswerTests
{
    private const int Rows = 500;
    private static readonly TimeSpan Blocked = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task WebSocket_WhoseClientReadsNothing_IsEndedAndHoldsNobodyUp()
    {
        await using var server = await StartAsync(answerSeconds: 0);
        using var http = new HttpClient { BaseAddress = server.Endpoint };
        var (admin, key) = (new ApiCaller(http, server.ApiKey), await KeyAsync(http, server));
        using var handler = new SocketsHttpHandler { ConnectCallback = NarrowAsync };
        using var invoker = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {key}");
        await socket.ConnectAsync(
            new Uri($"ws://{server.Endpoint.Authority}{StipRoutes.CompletionStream}"), invoker, Cancellation);
        var message = await Steps.Safetensors(Wide(keep: false)).ReadAsByteArrayAsync(Cancellation);
        var opening = await Steps.Safetensors(Steps.Prefill(2, 3)).ReadAsByteArrayAsync(Cancellation);
        await socket.SendAsync(opening, WebSocketMessageType.Binary, true, Cancellation);

        // Answers of 120 KB each, until the server cannot write and reads no further either.
        var sends = Task.Run(
            async () =>
            {
                while (true)
                {
                    await socket.SendAsync(message, WebSocketMessageType.Binary, true, Cancellation);
                }
            },
            Cancellation);
        Assert.NotEqual(sends, await Task.WhenAny(sends, Task.Delay(Blocked, Cancellation)));
        await FreeAsync(admin, new ApiCaller(http, key));
        await Assert.ThrowsAnyAsync<Exception>(() => sends);
        var other = await admin.StepAsync(Steps.Prefill(3, 2));
        Assert.Equal(2, other.Position);
    }

    [Fact(Explicit = true)]
    public async Task Pass_WhoseClientReadsAByteASecond_IsEndedAndHoldsNobodyUp()
    {
        await using var server = await StartAsync(answerSeconds: 3);
        using var http = new HttpClient { BaseAddress = server.Endpoint };
        var (admin, key) = (new ApiCaller(http, server.ApiKey), await KeyAsync(http, server));
        using var slow = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await slow.ConnectAsync(IPAddress.Loopback, server.Endpoint.Port, Cancellation);
        var body = ForwardCodec.Write(TinyEncoder.Request(64, 16_000));
        var head = $"POST {StipRoutes.Forward} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
            + $"Content-Type: {StipRoutes.SafetensorsMediaType}\r\nContent-Length: {body.Length}\r\n\r\n";
        await slow.SendAsync(Encoding.ASCII.GetBytes(head), SocketFlags.None, Cancellation);
        for (var sent = 0; sent < body.Length;)
        {
            sent += await slow.SendAsync(body.AsMemory(sent), SocketFlags.None, Cancellation);
        }

        Assert.Equal(1, await slow.ReceiveAsync(new byte[1], SocketFlags.None, Cancellation));
        await FreeAsync(admin, new ApiCaller(http, key));
        var passed = await admin.PostAsync<ForwardResponse>(StipRoutes.Forward, TinyEncoder.Request(1, 2));
        Assert.Equal([1L, 2L, TinyEncoder.HiddenSize], passed.Outputs["last_hidden_state"].Shape);
    }

    private static CompletionRequest Wide(bool keep) =>
        Steps.Prefill(1, Rows, new LogitsRequest(null, LogitsRequest.All)) with { Keep = keep };

    // Others are served all the time, and the key has its one place again.
    private static async Task FreeAsync(ApiCaller admin, ApiCaller user)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(Patience);
        while (true)
        {
            Assert.Equal(3, (await admin.StepAsync(Steps.Prefill(4, 3) with { Keep = false })).Position);
            using var own = await user.SendAsync(HttpMethod.Get, StipRoutes.Models);
            if (own.StatusCode == HttpStatusCode.OK)
            {
                return;
            }

            Assert.Equal(HttpStatusCode.TooManyRequests, own.StatusCode);
            await Task.Delay(TimeSpan.FromSeconds(1), patience.Token);
        }
    }

    private static async Task<ApiProcess> StartAsync(int answerSeconds)
    {
        var server = await ApiProcess.StartAsync(new Dictionary<string, string>
        {
            ["Stip__Api__Limits__AnswerSeconds"] = $"{answerSeconds}",
            ["Stip__Api__Limits__MinBytesPerSecond"] = "1",
            ["Stip__Api__Limits__TokensPerSecond"] = "0",
            ["Stip__Api__Limits__RequestsPerSecond"] = "0",
            ["Stip__Api__Limits__Concurrent"] = "1",
        });
        using var http = new HttpClient { BaseAddress = server.Endpoint };
        foreach (var write in new Action<string>[]
        {
            path => new TinyDecoder(Length: Rows + 12).WriteTo(path), path => TinyEncoder.WriteTo(path, 65_536),
        })
        {
            using var folder = new TemporaryFolder();
            write(folder.Path);
            using var pushed = await new ApiCaller(http, server.ApiKey).PushAsync(folder.Path);
            Assert.True(pushed.IsSuccessStatusCode, await pushed.Content.ReadAsStringAsync(Cancellation));
        }

        return server;
    }

    private static async Task<string> KeyAsync(HttpClient http, ApiProcess server) =>
        (await new ApiCaller(http, server.ApiKey).PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer]))).Value!;

    // Little room for what is not read.
    private static async ValueTask<Stream> NarrowAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(context.DnsEndPoint, cancellation);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
