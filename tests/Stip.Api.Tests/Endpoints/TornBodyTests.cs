using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Forward;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Sessions;
using Stip.Protocol.Uploads;
using Stip.TestKit;

namespace Stip.Api.Tests.Endpoints;

/// <summary>A body that stops half-way costs nobody anything: its key's place is free again, no session was opened and
/// an upload goes on where it was.</summary>
public sealed class TornBodyTests
{
    private const int Times = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("application/json")]
    [InlineData(StipRoutes.SafetensorsMediaType)]
    public async Task Completion_TornHalfWay_GivesItsPlaceBack(string contentType)
    {
        using var server = new WiredServer();
        var (key, request) = (await server.KeyAsync(), Steps.Prefill(1, 64));
        var body = contentType == "application/json"
            ? JsonSerializer.SerializeToUtf8Bytes(request, StipJson.Wire)
            : await Steps.Safetensors(request).ReadAsByteArrayAsync(Cancellation);
        await TearAsync(server, key, () => server.SendHalfAsync(key, StipRoutes.Completions, contentType, body));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData(StipRoutes.SafetensorsMediaType)]
    public async Task Pass_TornHalfWay_GivesItsPlaceBack(string contentType)
    {
        using var server = new WiredServer();
        var (key, request) = (await server.KeyAsync(), TinyEncoder.Request(8, 64));
        var body = contentType == "application/json"
            ? JsonSerializer.SerializeToUtf8Bytes(request, StipJson.Wire)
            : ForwardCodec.Write(request);
        await TearAsync(server, key, () => server.SendHalfAsync(key, StipRoutes.Forward, contentType, body));
    }

    [Fact]
    public async Task Message_TornHalfWay_GivesItsPlaceBack()
    {
        using var server = new WiredServer();
        var key = await server.KeyAsync();
        var body = await Steps.Safetensors(Steps.Prefill(1, 64)).ReadAsByteArrayAsync(Cancellation);
        await TearAsync(server, key, async () =>
        {
            using var stream = await server.StreamAsync(key);
            await stream.SendAsync(
                body.AsMemory(0, body.Length / 2), WebSocketMessageType.Binary, endOfMessage: false, Cancellation);
            stream.Abort();
        });
    }

    [Fact]
    public async Task UploadPart_TornHalfWay_LeavesAnUploadThatGoesOn()
    {
        using var server = new WiredServer();
        using var folder = new TemporaryFolder();
        var data = new byte[300_000];
        new Random(1).NextBytes(data);
        await File.WriteAllBytesAsync(folder.At("model.onnx"), data, Cancellation);
        var key = await server.KeyAsync();
        var upload = await server.Caller(key).AnnounceAsync(PackageFiles.Of(folder.At("model.onnx")));
        for (var i = 0; i < Times; i++)
        {
            await server.SendHalfAsync(
                key, $"{StipRoutes.Uploads}/{upload.Id}/parts?offset=0", "application/octet-stream", data);
            await FreeAsync(server, key);
        }

        using var part = await server.Caller(key).AddRawPartAsync(upload.Id, data, offset: 0);
        Assert.True(part.IsSuccessStatusCode, await part.Content.ReadAsStringAsync(Cancellation));
        using var completed = await server.Caller(key).CompleteAsync(upload.Id);
        Assert.Equal(UploadObject.Completed, (await ApiCaller.ReadAsync<UploadObject>(completed)).Status);
    }

    [Fact]
    public async Task Log_OfTornBodies_HasNoErrors()
    {
        var log = new LogLines();
        using (var server = new WiredServer(log))
        {
            var key = await server.KeyAsync();
            var body = await Steps.Safetensors(Steps.Prefill(1, 64)).ReadAsByteArrayAsync(Cancellation);
            await TearAsync(server, key, () => server.SendHalfAsync(
                key, StipRoutes.Completions, StipRoutes.SafetensorsMediaType, body));
        }

        Assert.Empty(log.All);
    }

    // A connection of HTTP/2 goes on where one of its requests is given up.
    [Theory]
    [InlineData(StipRoutes.Completions, "application/json")]
    [InlineData(StipRoutes.Completions, StipRoutes.SafetensorsMediaType)]
    [InlineData(StipRoutes.Uploads, "application/octet-stream")]
    public async Task Log_OfBodiesThatAreGivenUpOverHttp2_HasNoErrors(string path, string contentType)
    {
        var log = new LogLines();
        using (var server = new WiredServer(log, isHttp2: true))
        {
            var (key, request) = (await server.KeyAsync(), Steps.Prefill(1, 64));
            var body = contentType == StipRoutes.SafetensorsMediaType
                ? await Steps.Safetensors(request).ReadAsByteArrayAsync(Cancellation)
                : JsonSerializer.SerializeToUtf8Bytes(request, StipJson.Wire);
            if (path == StipRoutes.Uploads)
            {
                var file = new PackageFile("model.onnx", body.Length, new string('a', 64));
                path = $"{path}/{(await server.Caller(key).AnnounceAsync(file)).Id}/parts?offset=0";
            }

            await TearAsync(server, key, () => server.ResetHalfAsync(key, path, contentType, body));
        }

        Assert.Empty(log.All);
    }

    private static async Task TearAsync(WiredServer server, string key, Func<Task> tear)
    {
        for (var i = 0; i < Times; i++)
        {
            await tear();
            await FreeAsync(server, key);
        }

        // The only slot is free, and nobody holds it afterwards.
        await server.Caller(key).StepAsync(Steps.Prefill(1, 2) with { Keep = false });
        Assert.Empty((await server.Caller(key).GetAsync<ListObject<SessionObject>>(StipRoutes.Sessions)).Data);
    }

    // A key has one place: it is served again when the torn request has given that back.
    private static async Task FreeAsync(WiredServer server, string key)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(Patience);
        while (true)
        {
            using var answer = await server.Caller(key).SendAsync(HttpMethod.Get, StipRoutes.Models);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return;
            }

            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
            await Task.Delay(TimeSpan.FromMilliseconds(5), patience.Token);
        }
    }
}
