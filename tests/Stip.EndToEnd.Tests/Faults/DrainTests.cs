using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Faults;

/// <summary>A real server that is asked to end: what runs is answered, who waits is told, nothing hangs.</summary>
[Trait("Category", "Slow")]
public sealed class DrainTests
{
    private const int Prompts = 12;
    private const int PromptRows = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Sigterm_WhileStepsRun_AnswersThemTellsTheSocketsAndEndsWithZero()
    {
        await using var server = await ApiProcess.StartAsync();
        await server.PushAsync(await ModelPackages.ProtectAsync("stories"));
        using var http = server.Http();
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {server.ApiKey}");
        await socket.ConnectAsync(
            new UriBuilder(server.Endpoint) { Scheme = "ws", Path = StipRoutes.CompletionStream }.Uri, Cancellation);
        // Connections that are open already, so that every prompt is with the server in a moment.
        await Task.WhenAll(Enumerable.Range(0, Prompts).Select(async _ =>
            (await http.StepAsync(RawServer.Rows(2, new LogitsRequest(1)))).Dispose()));

        var answers = new ConcurrentQueue<HttpStatusCode>();
        var first = new TaskCompletionSource();
        var prompts = Enumerable.Range(0, Prompts).Select(async _ =>
        {
            try
            {
                using var answer = await http.StepAsync(RawServer.Rows(PromptRows, new LogitsRequest(1)));
                var body = await answer.Content.ReadAsStringAsync(Cancellation);
                using var whole = JsonDocument.Parse(body);
                answers.Enqueue(answer.StatusCode);
                first.TrySetResult();
            }
            catch (HttpRequestException)
            {
                // It had not reached the server: its connection was closed before a byte of an answer.
            }
        }).ToArray();
        await first.Task.WaitAsync(Patience, Cancellation);
        var before = answers.Count;
        var ending = server.TerminateAsync(Patience);

        var (last, status) = await FarewellAsync(socket);
        await Task.WhenAll(prompts).WaitAsync(Patience, Cancellation);
        Assert.Equal(0, await ending);
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer));
        Assert.True(answers.Count > before, $"no step that ran was answered: {answers.Count} of {Prompts}");
        Assert.Equal(StipErrorCode.SessionLost.Name(), last!.Error.Code);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, status);
        Assert.DoesNotContain("[ERR]", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", server.Output, StringComparison.Ordinal);
    }

    private static async Task<(ErrorDocument? Last, WebSocketCloseStatus? Status)> FarewellAsync(ClientWebSocket socket)
    {
        var buffer = new byte[4096];
        ErrorDocument? last = null;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", Cancellation);
                return (last, socket.CloseStatus);
            }

            last = JsonSerializer.Deserialize<ErrorDocument>(
                Encoding.UTF8.GetString(buffer, 0, received.Count), StipJson.Wire);
        }
    }
}
