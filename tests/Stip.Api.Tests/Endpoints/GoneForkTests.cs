using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Registry;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Api.Tests.Endpoints;

/// <summary>Forks of callers who go away: every slot comes back, with the lease at the latest.</summary>
public sealed class GoneForkTests
{
    private const int Slots = 12;
    private const int LeaseSeconds = 60;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Forks_WhoseCallersGiveUpAtAnyMoment_AreGoneWithTheLease()
    {
        using var server = Tiny();
        var caller = server.Caller();
        var source = await caller.StepAsync(Steps.Prefill(1, 20));
        var random = new Random(5);
        for (var round = 0; round < 40; round++)
        {
            using var gone = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            var forks = Enumerable.Range(0, 4).Select(_ => ForkAsync(server, source.SessionId!, gone.Token)).ToArray();
            await Task.Delay(TimeSpan.FromMicroseconds(random.Next(1500)), Cancellation);
            await gone.CancelAsync();
            await Task.WhenAll(forks);
        }

        await AllSlotsComeBackAsync(server);
    }

    [Fact]
    public async Task Session_DeletedWhileForksOfItRun_LeavesThemWholeOrNotThere()
    {
        using var server = Tiny();
        var caller = server.Caller();
        var expected = (await caller.StepAsync(Next(await caller.StepAsync(Steps.Prefill(1, 20))))).Row();
        for (var round = 0; round < 10; round++)
        {
            var source = await caller.StepAsync(Steps.Prefill(1, 20));
            var forks = Enumerable.Range(0, 6)
                .Select(_ => ForkAsync(server, source.SessionId!, Cancellation)).ToArray();
            using var deleted = await caller.SendAsync(HttpMethod.Delete, $"{StipRoutes.Sessions}/{source.SessionId}");
            Assert.True(deleted.IsSuccessStatusCode);
            foreach (var (status, fork) in await Task.WhenAll(forks))
            {
                Assert.Contains(status, new[] { HttpStatusCode.OK, HttpStatusCode.Gone, HttpStatusCode.Conflict });
                if (fork is not null)
                {
                    Assert.Equal(expected, (await caller.StepAsync(
                        Next(source with { SessionId = fork.Id }))).Row());
                    using var released = await caller.SendAsync(HttpMethod.Delete, $"{StipRoutes.Sessions}/{fork.Id}");
                    Assert.True(released.IsSuccessStatusCode);
                }
            }
        }

        Assert.Single((await caller.GetAsync<ListObject<SessionObject>>(StipRoutes.Sessions)).Data);
        await AllSlotsComeBackAsync(server);
    }

    [Fact]
    public async Task Forks_OfASessionWhoseWebSocketBreaks_GoOnAndAreGoneWithTheLease()
    {
        using var server = Tiny();
        CompletionResponse opened;
        Task<(HttpStatusCode Status, SessionObject? Fork)>[] forks;
        using (var stream = await TinyStream.OpenAsync(server))
        {
            opened = await stream.StepAsync(Steps.Prefill(1, 20));
            await stream.SendAsync(Next(opened));
            forks = [.. Enumerable.Range(0, 4).Select(_ => ForkAsync(server, opened.SessionId!, Cancellation))];
            stream.Abort();
        }

        foreach (var (status, fork) in await Task.WhenAll(forks))
        {
            Assert.Contains(status, new[] { HttpStatusCode.OK, HttpStatusCode.Conflict });
            if (fork is not null)
            {
                var step = await server.Caller().StepAsync(
                    Next(opened) with { SessionId = fork.Id, Position = fork.Position });
                Assert.Equal(fork.Position + 1, step.Position);
            }
        }

        await AllSlotsComeBackAsync(server);
    }

    [Theory]
    [InlineData("/fork")]
    [InlineData("/sessions")]
    [InlineData("/completions")]
    public async Task Session_WhoseNameCannotBeTold_GivesItsSlotBackAtOnce(string end)
    {
        using var server = Tiny(new DeafCallers(end));
        var caller = server.Caller();
        var decoder = server.Services.GetRequiredService<ModelRegistry>().Find("tiny")!.Decoder!;
        await decoder.LoadAsync();

        for (var i = 0; i < 2 * Slots; i++)
        {
            if (end == "/fork")
            {
                var own = (await caller.GetAsync<ListObject<SessionObject>>(StipRoutes.Sessions)).Data;
                var source = own.Count > 0 ? own[0].Id : (await caller.StepAsync(Steps.Prefill(1, 20))).SessionId;
                using var fork = await caller.PostAsync($"{StipRoutes.Sessions}/{source}/fork", new { });
            }
            else if (end == "/sessions")
            {
                using var session = await caller.PostAsync(StipRoutes.Sessions, new SessionCreateRequest("tiny"));
            }
            else
            {
                using var step = await caller.PostAsync(StipRoutes.Completions, Steps.Prefill(1, 20));
            }
        }

        Assert.Equal(end == "/fork" ? 1 : 0, decoder.SessionCount);
    }

    // Over real connections, each cut behind its request: the server hears of it before, while or after it answers.
    [Fact(Explicit = true)]
    [Trait("Category", "Slow")]
    public async Task Forks_WhoseConnectionsAreCut_LeaveEverySlotFreeAfterTheLease()
    {
        await using var server = await ApiProcess.StartAsync(new Dictionary<string, string>
        {
            ["Stip__Api__Engine__Slots"] = $"{Slots}",
            ["Stip__Api__Engine__LeaseSeconds"] = "2",
        });
        using var folder = new TemporaryFolder();
        new TinyDecoder().WriteTo(folder.Path);
        using var http = new HttpClient { BaseAddress = server.Endpoint };
        var caller = new ApiCaller(http, server.ApiKey);
        using var pushed = await caller.PushAsync(folder.Path);
        var source = await caller.StepAsync(Steps.Prefill(1, 20));
        var head = Encoding.ASCII.GetBytes(
            $"POST {StipRoutes.Sessions}/{source.SessionId}/fork HTTP/1.1\r\nHost: localhost\r\n"
            + $"Authorization: Bearer {server.ApiKey}\r\nContent-Length: 0\r\n\r\n");
        for (var i = 0; i < 100; i++)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, server.Endpoint.Port, Cancellation);
            await socket.SendAsync(head, SocketFlags.None, Cancellation);
            await Task.Delay(i % 4, Cancellation);
            // At once, with a reset.
            socket.LingerState = new LingerOption(true, 0);
        }

        // A fork that the server came to late holds its slot for a lease from then on, as those opened below do.
        var isFree = false;
        for (var turn = 0; turn < 20 && !isFree; turn++)
        {
            await Task.Delay(TimeSpan.FromSeconds(2.5), Cancellation);
            isFree = true;
            for (var i = 0; i < Slots && isFree; i++)
            {
                using var opened = await caller.PostAsync(StipRoutes.Sessions, new SessionCreateRequest("tiny"));
                isFree = opened.IsSuccessStatusCode;
            }
        }

        Assert.True(isFree);
    }

    private static CompletionRequest Next(CompletionResponse before) => Steps.Next(before, 1);

    private static ApiServer Tiny(DeafCallers? deaf = null)
    {
        var server = new ApiServer(
            ("Stip:Api:Engine:Slots", $"{Slots}"), ("Stip:Api:Engine:LeaseSeconds", $"{LeaseSeconds}"))
        {
            Before = deaf,
        };
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        return server;
    }

    private static async Task<(HttpStatusCode Status, SessionObject? Fork)> ForkAsync(
        ApiServer server, string session, CancellationToken cancellation)
    {
        using var http = server.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{StipRoutes.Sessions}/{session}/fork");
        request.Headers.Authorization = new("Bearer", ApiServer.AdminKey);
        try
        {
            using var answer = await http.SendAsync(request, cancellation);
            return (answer.StatusCode, answer.IsSuccessStatusCode
                ? await ApiCaller.ReadAsync<SessionObject>(answer)
                : null);
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
            return (default, null);
        }
    }

    private static async Task AllSlotsComeBackAsync(ApiServer server)
    {
        var decoder = server.Services.GetRequiredService<ModelRegistry>().Find("tiny")!.Decoder!;
        server.Clock.Advance(TimeSpan.FromSeconds(LeaseSeconds + 1));
        await decoder.ExpireAsync();
        Assert.Equal(0, decoder.SessionCount);
        for (var i = 0; i < Slots; i++)
        {
            await server.Caller().PostAsync<SessionObject>(StipRoutes.Sessions, new SessionCreateRequest("tiny"));
        }

        using var full = await server.Caller().PostAsync(StipRoutes.Sessions, new SessionCreateRequest("tiny"));
        await ApiCaller.RefusedAsync(full, 503, "server_overloaded");
    }
}
