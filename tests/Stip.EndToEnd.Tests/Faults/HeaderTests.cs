using System.Net;
using System.Net.Sockets;
using System.Text;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Faults;

/// <summary>Headers that come too slowly, are too many or too long, at a real server: each connection is let go of, and
/// others are served.</summary>
[Trait("Category", "Slow")]
public sealed class HeaderTests
{
    private const int Slow = 50;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Headers_ThatComeByTheLetter_AreLetGoOfInTime()
    {
        await using var server = await ApiProcess.StartAsync(
            new Dictionary<string, string> { ["Stip__Api__Limits__HeaderSeconds"] = "2" });
        using var http = server.Http();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(30));

        var ends = await Task.WhenAll(Enumerable.Range(0, Slow).Select(_ => DripAsync(server, patience.Token)));

        Assert.All(ends, text => Assert.True(
            text.Length == 0 || text.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), text));
        using var other = await http.GetAsync(new Uri("/v1/models", UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Theory(Explicit = true)]
    [InlineData(1, 20_000)]
    [InlineData(100, 10)]
    public async Task Headers_BeyondTheirLimits_AreRefused(int count, int length)
    {
        await using var server = await ApiProcess.StartAsync();
        using var http = server.Http();
        using var socket = await ConnectAsync(server);
        var headers = string.Concat(Enumerable.Range(0, count).Select(i => $"x-{i}: {new string('a', length)}\r\n"));
        await socket.SendAsync(
            Encoding.ASCII.GetBytes($"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"), Cancellation);

        var answer = new byte[1000];
        var text = Encoding.ASCII.GetString(answer, 0, await socket.ReceiveAsync(answer, Cancellation));

        Assert.StartsWith("HTTP/1.1 431", text, StringComparison.Ordinal);
        using var other = await http.GetAsync(new Uri("/v1/models", UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    // A letter every quarter of a second, until the server has had enough.
    private static async Task<string> DripAsync(ApiProcess server, CancellationToken cancellation)
    {
        using var socket = await ConnectAsync(server);
        await socket.SendAsync("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nx-slow: "u8.ToArray(), cancellation);
        var answer = new byte[1000];
        var reading = socket.ReceiveAsync(answer, cancellation).AsTask();
        while (await Task.WhenAny(reading, Task.Delay(250, cancellation)) != reading)
        {
            try
            {
                await socket.SendAsync("a"u8.ToArray(), cancellation);
            }
            catch (SocketException)
            {
                return "";
            }
        }

        try
        {
            return Encoding.ASCII.GetString(answer, 0, await reading);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static async Task<Socket> ConnectAsync(ApiProcess server)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, server.Endpoint.Port, Cancellation);
        return socket;
    }
}
