using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Faults;

/// <summary>Clients that do not take their answer: gone in the middle of it, or reading a byte a second.</summary>
[Trait("Category", "Slow")]
public sealed class SlowReaderTests
{
    // Full rows of these are some 9 MB, more than the buffers of a connection hold.
    private const int Rows = 900;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Clients_ThatDoNotTakeTheirAnswer_AreLetGoOfAndOthersAreServed()
    {
        await using var server = await ApiProcess.StartAsync(new Dictionary<string, string>
        {
            ["Stip__Api__Limits__GraceSeconds"] = "2",
            ["Stip__Api__Limits__MinBytesPerSecond"] = "4000000",
            ["Stip__Api__Limits__Concurrent"] = "1",
        });
        await server.PushAsync(await ModelPackages.ProtectAsync("stories"));
        using var admin = server.Http();
        var key = (await admin.CreateKeyAsync()).Value!;
        using (var gone = await AskAsync(server, key))
        {
            Assert.True(await gone.ReceiveAsync(new byte[1000], SocketFlags.None, Cancellation) > 0);
            // Reset, not closed politely.
            gone.LingerState = new LingerOption(true, 0);
        }

        await WaitUntilFreeAsync(server, admin, key, null);
        using var slow = await AskAsync(server, key);
        Assert.Equal(1, await slow.ReceiveAsync(new byte[1], SocketFlags.None, Cancellation));
        await WaitUntilFreeAsync(server, admin, key, slow);
    }

    /// <summary>Fast enough for any rate, for ever.</summary>
    [Fact(Explicit = true)]
    public async Task Client_ThatTakesItsAnswerSteadilyAndForTooLong_IsLetGoOf()
    {
        await using var server = await ApiProcess.StartAsync(new Dictionary<string, string>
        {
            ["Stip__Api__Limits__AnswerSeconds"] = "2",
            ["Stip__Api__Limits__MinBytesPerSecond"] = "1",
            ["Stip__Api__Limits__Concurrent"] = "1",
        });
        await server.PushAsync(await ModelPackages.ProtectAsync("stories"));
        using var admin = server.Http();
        var key = (await admin.CreateKeyAsync()).Value!;
        using var slow = await AskAsync(server, key);
        Assert.Equal(1, await slow.ReceiveAsync(new byte[1], SocketFlags.None, Cancellation));
        await WaitUntilFreeAsync(server, admin, key, slow);
    }

    /// <summary>Such answers begin after all that made them has returned; connections are used again.</summary>
    [Fact(Explicit = true)]
    public async Task RefusedRequests_LongAfterTheirAnswer_TouchNothing()
    {
        await using var server = await ApiProcess.StartAsync(new Dictionary<string, string>
        {
            ["Stip__Api__Limits__AnswerSeconds"] = "1",
        });
        using var admin = server.Http();
        foreach (var (path, status) in new[]
        {
            ("/nothing", HttpStatusCode.NotFound), (StipRoutes.Completions, HttpStatusCode.MethodNotAllowed),
        })
        {
            using var refused = await admin.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
            Assert.Equal(status, refused.StatusCode);
        }

        await Task.Delay(TimeSpan.FromSeconds(3), Cancellation);

        using var ready = await admin.GetAsync(new Uri(StipRoutes.HealthReady, UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }

    // A key may have one request at once: it may have another when the server has given up the one before.
    private static async Task WaitUntilFreeAsync(ApiProcess server, HttpClient admin, string key, Socket? slow)
    {
        using var user = server.Http(key);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            using (var other = await admin.StepAsync(RawServer.Rows(1, new LogitsRequest(1))))
            {
                Assert.Equal(HttpStatusCode.OK, other.StatusCode);
            }

            using var own = await user.StepAsync(RawServer.Rows(1, new LogitsRequest(1)));
            if (own.StatusCode == HttpStatusCode.OK)
            {
                return;
            }

            Assert.Equal(HttpStatusCode.TooManyRequests, own.StatusCode);
            await Task.Delay(TimeSpan.FromSeconds(1), patience.Token);
            if (slow is not null)
            {
                await slow.ReceiveAsync(new byte[1], SocketFlags.None, patience.Token);
            }
        }
    }

    // Sends a whole request; its answer is not read.
    private static async Task<Socket> AskAsync(ApiProcess server, string key)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, server.Endpoint.Port, Cancellation);
        var body = JsonSerializer.SerializeToUtf8Bytes(
            RawServer.Rows(Rows, new LogitsRequest(null, LogitsRequest.All)), StipJson.Wire);
        var head = $"POST {StipRoutes.Completions} HTTP/1.1\r\nHost: localhost\r\n"
            + $"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {body.Length}\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(head), SocketFlags.None, Cancellation);
        for (var sent = 0; sent < body.Length;)
        {
            sent += await socket.SendAsync(body.AsMemory(sent), SocketFlags.None, Cancellation);
        }

        return socket;
    }
}
