using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Stip.Api.Endpoints;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Registry.Database;
using Stip.Api.Registry.Packages;
using Stip.Api.Tests.Engine;
using Stip.TestKit;

namespace Stip.Api.Tests.Endpoints;

public sealed class CutOffStartTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // As a driver does that gives up by itself: nobody asked the server to stop, and it could serve nobody.
    [Fact]
    public async Task Start_ThatSomebodyElseCancels_EndsTheServerAndSaysSo()
    {
        using var data = new TemporaryFolder();
        var api = Options.Create(new ApiOptions { DataDirectory = data.Path });
        using var folders = new DataFolders(api);
        var clock = new CancellingClock();
        using var keys = new ApiKeyStore(
            new RegistryDatabase(folders, Options.Create(new DatabaseOptions())), new KeyFile(folders),
            new KeyDirectory(clock), clock);
        var (runtime, engine, lifetime) = (new FakeRuntime(), Options.Create(new EngineOptions()), new Lifetime());
        await using var registry = new ModelRegistry(
            folders, new PackageFolder(runtime), null!, engine, clock, NullLogger<ModelRegistry>.Instance);
        var startup = new ServerStartup(
            registry, keys, api, engine, runtime, lifetime, NullLogger<ServerStartup>.Instance);

        await startup.StartAsync(Cancellation);
        await lifetime.Stopped.WaitAsync(Patience, Cancellation);
        await Assert.ThrowsAsync<InvalidOperationException>(() => startup.Ready.WaitAsync(Patience, Cancellation));

        Assert.False(startup.IsReady);
        var fault = Assert.Throws<InvalidOperationException>(startup.ThrowIfFailed);
        Assert.Contains("was given up", fault.Message, StringComparison.Ordinal);
    }

    // The first key is made while the database is opened, and says when.
    private sealed class CancellingClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => throw new OperationCanceledException();
    }

    private sealed class Lifetime : IHostApplicationLifetime
    {
        private readonly TaskCompletionSource _stopped = new();

        public Task Stopped => _stopped.Task;

        public CancellationToken ApplicationStarted { get; } = new(canceled: true);

        public CancellationToken ApplicationStopping => default;

        public CancellationToken ApplicationStopped => default;

        public void StopApplication() => _stopped.TrySetResult();
    }
}
