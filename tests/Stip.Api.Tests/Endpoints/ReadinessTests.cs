using System.Net;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Stip.Api.Endpoints;
using Stip.Api.Engine;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;

namespace Stip.Api.Tests.Endpoints;

public sealed class ReadinessTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Server_WhilePackagesAreTakenUp_IsLiveAndNotReady(bool isPreloading)
    {
        using var server = new ApiServer(
            ("Stip:Api:Engine:Preload", isPreloading ? "true" : "false"), ("Stip:Api:Engine:LoadWaitSeconds", "1"))
        {
            WaitsUntilReady = false,
        };
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        TinyEncoder.WriteTo(server.PackageFolder("tiny-encoder"));
        using var gate = new ManualResetEventSlim();
        await using var held = Held(server, gate, isPreloading);
        var caller = new ApiCaller(held.CreateClient(), ApiServer.AdminKey);
        try
        {
            using var live = await caller.SendAsync(HttpMethod.Get, StipRoutes.HealthLive);
            Assert.Equal(HttpStatusCode.OK, live.StatusCode);
            using var loading = await caller.SendAsync(HttpMethod.Get, StipRoutes.HealthReady);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, loading.StatusCode);
            Assert.Contains(
                "\"loading\"", await loading.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
            if (isPreloading)
            {
                // A load at the start may take longer than a request waits for one.
                await Task.Delay(100, Cancellation);
                server.Clock.Advance(TimeSpan.FromSeconds(2));
                await Task.Delay(100, Cancellation);
                using var still = await caller.SendAsync(HttpMethod.Get, StipRoutes.HealthReady);
                Assert.Equal(HttpStatusCode.ServiceUnavailable, still.StatusCode);
            }
            else
            {
                await RefusedForNowAsync(await caller.PostAsync(StipRoutes.Completions, Steps.Prefill(1, 2)));
                await RefusedForNowAsync(await caller.PostAsync(StipRoutes.Forward, TinyEncoder.Request(1, 2)));
                await RefusedForNowAsync(await caller.SendAsync(HttpMethod.Get, $"{StipRoutes.Models}/tiny"));
                using var large = Steps.Safetensors(Steps.Prefill(1, 1000));
                await RefusedForNowAsync(await caller.SendAsync(HttpMethod.Post, StipRoutes.Completions, large));
            }
        }
        finally
        {
            gate.Set();
        }

        await held.Services.GetRequiredService<ServerStartup>().Ready.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        using var ready = await caller.SendAsync(HttpMethod.Get, StipRoutes.HealthReady);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.Contains(
            isPreloading ? "\"loaded\":2" : "\"loaded\":0", await ready.Content.ReadAsStringAsync(Cancellation),
            StringComparison.Ordinal);
        Assert.Equal(2, (await caller.StepAsync(Steps.Prefill(1, 2))).Position);
    }

    [Fact]
    public async Task Preload_OfAModelForWhichThereIsNoRoom_IsALineOfTheLog()
    {
        var log = new LogLines();
        using var server = new ApiServer(
            ("Stip:Api:Engine:Preload", "true"), ("Stip:Api:Engine:ModelMegabytes", "1"),
            ("Serilog:MinimumLevel:Default", "Error"))
        {
            Log = log,
        };
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        var large = server.PackageFolder("large");
        var manifest = new TinyDecoder("large").WriteTo(large);
        await File.WriteAllBytesAsync(Path.Combine(large, "more.bin"), new byte[2 << 20], Cancellation);
        PackageFiles.Describe(large, manifest);
        _ = server.Caller();

        Assert.Contains(log.All, line => line.Contains("large", StringComparison.Ordinal)
            && line.Contains("of 1 for models", StringComparison.Ordinal));
    }

    private static WebApplicationFactory<ServerStartup> Held(
        ApiServer server, ManualResetEventSlim gate, bool isPreloading) => server.WithWebHostBuilder(
        builder => builder.ConfigureServices(services =>
        {
            var made = services.Last(service => service.ServiceType == typeof(IGraphRuntime));
            services.Replace(ServiceDescriptor.Singleton<IGraphRuntime>(provider => new HeldRuntime(
                (IGraphRuntime)(made.ImplementationFactory?.Invoke(provider)
                    ?? ActivatorUtilities.CreateInstance(provider, made.ImplementationType!)),
                gate, isPreloading)));
        }));

    private static async Task RefusedForNowAsync(HttpResponseMessage response)
    {
        using (response)
        {
            await ApiCaller.RefusedAsync(response, 503, "server_overloaded");
            Assert.NotNull(response.Headers.RetryAfter);
        }
    }

    /// <summary>Judges or loads no graph before the gate opens.</summary>
    private sealed class HeldRuntime(IGraphRuntime inner, ManualResetEventSlim gate, bool isPreloading) : IGraphRuntime
    {
        public string Provider => inner.Provider;

        public IDecoder LoadDecoder(DecoderSnapshot decoder)
        {
            gate.Wait(TimeSpan.FromSeconds(60));
            return inner.LoadDecoder(decoder);
        }

        public IForwardGraph LoadForward(string graphPath) => inner.LoadForward(graphPath);

        public GraphSignature Inspect(string graphPath)
        {
            if (!isPreloading)
            {
                gate.Wait(TimeSpan.FromSeconds(60));
            }

            return inner.Inspect(graphPath);
        }
    }
}
