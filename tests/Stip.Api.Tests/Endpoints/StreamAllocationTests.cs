using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Endpoints.Limits;
using Stip.Api.Endpoints.Streaming;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using StreamWriter = Stip.Api.Endpoints.Streaming.StreamWriter;

namespace Stip.Api.Tests.Endpoints;

public sealed class StreamAllocationTests
{
    private const int Steps = 400;
    private const int WarmUpSteps = 200;
    private const int MostBytes = 4 << 10;

    // Without the web server's own part, but with the asynchronous methods of a debug build, which are objects: the
    // bench measures the whole server in a release build.
    [Fact]
    public async Task DecodeStep_OverAWebSocket_AllocatesLittle()
    {
        using var server = new ApiServer();
        new TinyDecoder(Length: 512).WriteTo(server.PackageFolder("tiny"));
        var services = server.Services;
        var keys = services.GetRequiredService<KeyDirectory>();
        var clock = services.GetRequiredService<TimeProvider>();
        using var socket = new DecodingSocket(topK: 8, Steps);
        var writer = new StreamWriter(socket, "request", clock);
        using var gate = new StreamGate(socket, writer);
        using var service = new StreamService(
            socket, services.GetRequiredService<StepDesk>(), keys, keys.Find(ApiServer.AdminKey)!, writer,
            services.GetRequiredService<KeyLimits>(), clock);

        Assert.True(await service.ServeAsync(gate, TestContext.Current.CancellationToken));

        Assert.Equal(1 + Steps, socket.Answers);
        var bytes = socket.BytesOfAStep.Skip(WarmUpSteps).Order().ToArray();
        Assert.InRange(bytes.Length, 1, Steps);
        // Somebody else may hold the loop for a moment and the step is handed over: the median counts.
        Assert.InRange(bytes[bytes.Length / 2], 0, MostBytes);
    }
}
