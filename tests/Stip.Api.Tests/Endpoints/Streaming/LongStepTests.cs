using System.Net.Http.Headers;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Engine;
using Stip.Api.Tests.Engine;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;

namespace Stip.Api.Tests.Endpoints.Streaming;

/// <summary>Steps that wait or run for longer than a connection may leave a ping without an answer.</summary>
public sealed class LongStepTests : IDisposable
{
    // The runtime looks at its pings once a second: without their answers it gives up within 5.
    private static readonly TimeSpan Ping = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(6);
    private readonly WatchedRuntime _runtime = new(RealEngine.Runtime());
    private readonly ApiServer _server;

    public LongStepTests()
    {
        _server = new ApiServer(("urls", ApiServer.AnyPort))
        {
            Made = services => services.AddSingleton<IGraphRuntime>(_runtime).Configure<WebSocketOptions>(
                options => (options.KeepAliveInterval, options.KeepAliveTimeout) = (Ping, 4 * Ping)),
        };
        new TinyDecoder().WriteTo(_server.PackageFolder("tiny"));
        new TinyDecoder("other").WriteTo(_server.PackageFolder("other"));
        _server.UseKestrel();
        _server.StartServer();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Step_ThatRunsForLongerThanAPingMayWait_IsAnsweredAndTheConnectionGoesOn()
    {
        using var stream = new TinyStream(await ConnectAsync());
        var opened = await stream.StepAsync(Steps.Prefill(1, 3));
        _runtime.Hold();
        var step = stream.StepAsync(Steps.Next(opened, 1, count: 2));
        _runtime.Entered.Wait(Cancellation);
        await Task.Delay(Held, Cancellation);
        _runtime.LetGo();

        var next = await step;

        Assert.Equal(5, next.Position);
        Assert.Equal(6, (await stream.StepAsync(Steps.Next(next, 1))).Position);
    }

    // Another model's step is nobody's wait.
    [Fact]
    public async Task Session_IsShownAndReleased_WhileAnotherModelRuns()
    {
        var caller = _server.Caller();
        var opened = await caller.StepAsync(Steps.Prefill(1, 3) with { Model = "other" });
        await caller.StepAsync(Steps.Prefill(2, 3));
        _runtime.Hold();
        var step = caller.StepAsync(Steps.Prefill(3, 3));
        _runtime.Entered.Wait(Cancellation);
        var path = $"{StipRoutes.Sessions}/{opened.SessionId}";

        using var shown = await caller.SendAsync(HttpMethod.Get, path).WaitAsync(Held, Cancellation);
        using var released = await caller.SendAsync(HttpMethod.Delete, path).WaitAsync(Held, Cancellation);

        Assert.Equal((true, true), (shown.IsSuccessStatusCode, released.IsSuccessStatusCode));
        Assert.False(step.IsCompleted);
        _runtime.LetGo();
        Assert.Equal(3, (await step).Position);
    }

    // Who sends the next step before an answer has it served after that.
    [Fact]
    public async Task Step_ThatComesWhileAnotherRuns_IsServedAfterIt()
    {
        using var stream = new TinyStream(await ConnectAsync());
        var opened = await stream.StepAsync(Steps.Prefill(1, 3));
        _runtime.Hold();
        var step = stream.StepAsync(Steps.Next(opened, 1, count: 2));
        _runtime.Entered.Wait(Cancellation);
        await stream.SendAsync(Steps.Next(opened, 1, count: 2) with { Position = 5 });
        _runtime.LetGo();

        Assert.Equal(5, (await step).Position);
        Assert.Equal(7, (await stream.ReadAsync()).Position);
    }

    public void Dispose()
    {
        _runtime.LetGo();
        _server.Dispose();
        _runtime.Dispose();
    }

    private async Task<ClientWebSocket> ConnectAsync()
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader(
            "Authorization", new AuthenticationHeaderValue("Bearer", ApiServer.AdminKey).ToString());
        var address = new UriBuilder(_server.ClientOptions.BaseAddress)
        {
            Scheme = "ws",
            Path = StipRoutes.CompletionStream,
        };
        await socket.ConnectAsync(address.Uri, Cancellation);
        return socket;
    }
}
