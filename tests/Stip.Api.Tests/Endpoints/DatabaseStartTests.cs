using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Endpoints;
using Stip.Api.Tests.Hosting;
using Stip.Protocol;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Api.Tests.Endpoints;

/// <summary>A server whose database takes its time, or cannot be used.</summary>
public sealed class DatabaseStartTests
{
    private const string NoDatabase = "this is no database, however long one looks at it; and it goes on for a while";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Server_WhoseDatabaseDoesNotAnswerYet_IsLiveAndNotReadyAndJudgesNoKey()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        var at = $"Host=127.0.0.1;Port={port};Username=u;SSL Mode=Disable;Timeout=60";
        using var server = new ApiServer(
            ("Stip:Api:Database:Provider", "postgresql"), ("Stip:Api:Database:ConnectionString", at))
        {
            WaitsUntilReady = false,
        };
        var caller = server.Caller();
        using (var live = await caller.SendAsync(HttpMethod.Get, StipRoutes.HealthLive))
        {
            Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        }

        using (var ready = await caller.SendAsync(HttpMethod.Get, StipRoutes.HealthReady))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        }

        using (var keyed = await caller.SendAsync(HttpMethod.Get, StipRoutes.Models))
        {
            await ApiCaller.RefusedAsync(keyed, 503, "server_overloaded");
            Assert.NotNull(keyed.Headers.RetryAfter);
        }

        // The host takes its services along when it ends.
        var startup = server.Services.GetRequiredService<ServerStartup>();

        // Whoever listened hangs up: the start fails, with the words that it always had.
        using (var asked = await silent.AcceptSocketAsync(Cancellation))
        {
            silent.Stop();
        }

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(
            () => startup.Ready.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
        Assert.Contains("cannot be used", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_WhoseDatabaseCannotBeUsed_EndsWithOneLine()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("keys"));
        await File.WriteAllTextAsync(folder.At("keys", "registry.db"), NoDatabase, Cancellation);
        var run = await ProgramRun.RunAsync(
            "Stip.Api", ["--urls", "http://127.0.0.1:0", "--Stip:Api:DataDirectory", folder.Path],
            cancellationToken: Cancellation);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("registry.db", Assert.Single(run.Error.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.DoesNotContain("is ready", run.Output, StringComparison.Ordinal);
    }
}
