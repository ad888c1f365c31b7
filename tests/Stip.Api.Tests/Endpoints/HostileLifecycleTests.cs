using System.Buffers;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Registry;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Completions;
using Stip.Protocol.Packages;
using Stip.Protocol.Uploads;

namespace Stip.Api.Tests.Endpoints;

/// <summary>Keys, models, uploads and clocks that change in the middle of what goes on.</summary>
public sealed class HostileLifecycleTests
{
    private const int AtOnce = 8;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Step_InFramesOfOneByteAndNone_AnswersAsInOne()
    {
        using var server = Tiny();
        var expected = await server.Caller().StepAsync(Steps.Prefill(1, 2));
        using var socket = await ConnectAsync(server, ApiServer.AdminKey);
        var message = new ArrayBufferWriter<byte>();
        CompletionRequestCodec.Write(message, Steps.Prefill(1, 2), new StickyFields());
        for (var at = 0; at < message.WrittenCount; at++)
        {
            await socket.SendAsync(
                message.WrittenMemory.Slice(at, 1), WebSocketMessageType.Binary, false, Cancellation);
            if (at % 7 == 0)
            {
                await socket.SendAsync(ReadOnlyMemory<byte>.Empty, WebSocketMessageType.Binary, false, Cancellation);
            }
        }

        await socket.SendAsync(ReadOnlyMemory<byte>.Empty, WebSocketMessageType.Binary, true, Cancellation);
        var buffer = new byte[64 << 10];
        var received = await socket.ReceiveAsync(buffer, Cancellation);

        Assert.Equal(WebSocketMessageType.Binary, received.MessageType);
        var answer = CompletionResponseCodec.Read(buffer.AsMemory(0, received.Count).ToArray(), new StickyFields());
        Assert.Equal(expected.Row(), answer.Row());
    }

    [Fact]
    public async Task TextMessage_EndsTheConnectionWithAReason()
    {
        using var server = Tiny();
        using var socket = await ConnectAsync(server, ApiServer.AdminKey);
        await socket.SendAsync("{}"u8.ToArray(), WebSocketMessageType.Text, true, Cancellation);
        var answer = await socket.ReceiveAsync(new byte[100], Cancellation);
        Assert.Equal(WebSocketMessageType.Close, answer.MessageType);
        Assert.NotEmpty(socket.CloseStatusDescription!);
    }

    [Fact]
    public async Task Session_OfAKeyThatIsRotated_GoesOnWithTheNewValueAlone()
    {
        using var server = Tiny();
        var key = await MakeKeyAsync(server);
        var opened = await server.Caller(key.Value).StepAsync(Steps.Prefill(1, 3));

        var rotated = await server.Caller().PostAsync<ApiKeyObject>(
            $"{StipRoutes.ApiKeys}/{key.Id}/rotate", new ApiKeyRotateRequest(0));

        await ApiCaller.RefusedAsync(
            await server.Caller(key.Value).PostAsync(StipRoutes.Completions, Steps.Next(opened, 1)), 401,
            "invalid_api_key");
        Assert.Equal(4, (await server.Caller(rotated.Value).StepAsync(Steps.Next(opened, 1))).Position);
    }

    [Fact]
    public async Task Key_RevokedWhileItsStepsRun_LeavesNoSession()
    {
        using var server = Tiny();
        var key = await MakeKeyAsync(server);
        await server.Caller(key.Value).StepAsync(Steps.Prefill(1, 3));
        var running = Enumerable.Range(0, AtOnce).Select(i => Task.Run(
            async () =>
            {
                var statuses = new List<int>();
                for (var step = 0; step < 30; step++)
                {
                    using var answer = await server.Caller(key.Value).PostAsync(
                        StipRoutes.Completions, Steps.Prefill(i, 3));
                    statuses.Add((int)answer.StatusCode);
                }

                return statuses;
            },
            Cancellation)).ToArray();
        using var revoked = await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/{key.Id}");

        var all = (await Task.WhenAll(running)).SelectMany(statuses => statuses).ToArray();
        Assert.All(all, status => Assert.Contains(status, (int[])[200, 401, 410, 503]));
        var model = server.Services.GetRequiredService<ModelRegistry>().Find("tiny")!;
        Assert.Equal(0, model.Decoder!.SessionCount);
    }

    // What a server is told of the time says nothing of how long a session was idle.
    [Fact]
    public async Task Clock_ThatIsSet_NeitherEndsASessionNorKeepsIt()
    {
        using var server = Tiny();
        var opened = await server.Caller().StepAsync(Steps.Prefill(1, 3));
        server.Clock.Set(TimeSpan.FromDays(2));
        var next = await server.Caller().StepAsync(Steps.Next(opened, 1));
        server.Clock.Set(TimeSpan.FromDays(-3));
        next = await server.Caller().StepAsync(Steps.Next(next, 1));

        server.Clock.Advance(TimeSpan.FromSeconds(601));
        await ApiCaller.RefusedAsync(
            await server.Caller().PostAsync(StipRoutes.Completions, Steps.Next(next, 1)), 410, "session_lost");
    }

    [Fact]
    public async Task Model_RemovedWhilePassesRun_RefusesTheRest()
    {
        using var server = new ApiServer();
        TinyEncoder.WriteTo(server.PackageFolder("tiny-encoder"));
        var request = TinyEncoder.Request(2, 3);
        using (var first = await server.Caller().PostAsync(StipRoutes.Forward, request))
        {
            Assert.True(first.IsSuccessStatusCode);
        }

        var running = Enumerable.Range(0, AtOnce).Select(_ => Task.Run(
            async () =>
            {
                var statuses = new List<int>();
                for (var pass = 0; pass < 30; pass++)
                {
                    using var answer = await server.Caller().PostAsync(StipRoutes.Forward, request);
                    statuses.Add((int)answer.StatusCode);
                }

                return statuses;
            },
            Cancellation)).ToArray();
        using var removed = await server.Caller().SendAsync(
            HttpMethod.Delete, $"{StipRoutes.Models}/{TinyEncoder.Model}");

        Assert.True(removed.IsSuccessStatusCode);
        var all = (await Task.WhenAll(running)).SelectMany(statuses => statuses).ToArray();
        Assert.All(all, status => Assert.Contains(status, (int[])[200, 404, 503]));
        Assert.Empty(Directory.GetDirectories(server.PackageFolder("")));
    }

    [Fact]
    public async Task Parts_ThatOverlap_CountAsTheLastOneSaidOrNotAtAll()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        var file = RandomNumberGenerator.GetBytes(3000);
        var upload = await caller.AnnounceAsync(
            new PackageFile("model.onnx", file.Length, Convert.ToHexStringLower(SHA256.HashData(file))));
        var path = $"{StipRoutes.Uploads}/{upload.Id}";
        await SendAsync(0, 1000, 200);
        await SendAsync(1000, 1000, 200);
        await SendAsync(500, 1000, 400);
        await SendAsync(2500, 500, 400);
        await SendAsync(1000, 2001, 413);
        Assert.Equal(1000, (await caller.GetAsync<UploadObject>(path)).BytesReceived);

        // Two at one place at once: one of them is there as a whole, and the other went or is behind no more.
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(i => Task.Run(
            () => caller.AddRawPartAsync(upload.Id, file.AsMemory(1000, 100 * (i + 1)), 1000), Cancellation)));
        var received = (await caller.GetAsync<UploadObject>(path)).BytesReceived;
        await SendAsync((int)received, 3000 - (int)received, 200);
        using var completed = await caller.CompleteAsync(upload.Id);
        Assert.Equal(UploadObject.Completed, (await ApiCaller.ReadAsync<UploadObject>(completed)).Status);

        async Task SendAsync(int offset, int count, int status)
        {
            var bytes = offset + count <= file.Length ? file.AsMemory(offset, count) : new byte[count];
            using var answer = await caller.AddRawPartAsync(upload.Id, bytes, offset);
            Assert.Equal(status, (int)answer.StatusCode);
        }
    }

    [Fact]
    public async Task Upload_CancelledWhilePartsAndItsEndCome_IsGoneAndNobodyFails()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        for (var round = 0; round < 10; round++)
        {
            var file = RandomNumberGenerator.GetBytes(2000);
            var upload = await caller.AnnounceAsync(
                new PackageFile("model.onnx", file.Length, Convert.ToHexStringLower(SHA256.HashData(file))));
            var path = $"{StipRoutes.Uploads}/{upload.Id}";
            var answers = await Task.WhenAll(
                Task.Run(() => caller.AddRawPartAsync(upload.Id, file, 0), Cancellation),
                Task.Run(() => caller.SendAsync(HttpMethod.Post, $"{path}/cancel"), Cancellation),
                Task.Run(() => caller.SendAsync(HttpMethod.Post, $"{path}/cancel"), Cancellation),
                Task.Run(() => caller.CompleteAsync(upload.Id), Cancellation));

            Assert.All(answers, answer => Assert.Contains((int)answer.StatusCode, (int[])[200, 400, 404]));
            await ApiCaller.RefusedAsync(await caller.SendAsync(HttpMethod.Get, path), 404, "not_found");
        }

        Assert.Empty(Directory.GetDirectories(Path.Combine(server.DataDirectory, "uploads")));
    }

    // The first step runs whole: what it would take is counted before it begins.
    [Theory]
    [InlineData(1, 100, 200)]
    [InlineData(60, 300, 413)]
    [InlineData(60, 401, 400)]
    public async Task FirstStep_OfMoreThanThereIsMemoryFor_IsRefusedAndLeavesNothing(
        int rows, int sourceRows, int status)
    {
        using var server = new ApiServer(("Stip:Api:Engine:ForwardMegabytes", "1"));
        new TinySequence(SourceLength: 400).WriteTo(server.PackageFolder("pair"));
        var request = Steps.Prefill(1, rows, new LogitsRequest(Rows: LogitsRequest.All)) with
        {
            Model = "pair",
            EncoderInputsEmbeds = Steps.Rows(1, 0, sourceRows),
        };

        using var answer = await server.Caller().PostAsync(StipRoutes.Completions, request);

        Assert.Equal(status, (int)answer.StatusCode);
        var model = server.Services.GetRequiredService<ModelRegistry>().Find("pair")!;
        Assert.Equal(status == 200 ? 1 : 0, model.Decoder!.SessionCount);
    }

    private static ApiServer Tiny()
    {
        var server = new ApiServer();
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        return server;
    }

    private static Task<ApiKeyObject> MakeKeyAsync(ApiServer server) => server.Caller().PostAsync<ApiKeyObject>(
        StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer]));

    private static async Task<WebSocket> ConnectAsync(ApiServer server, string key)
    {
        _ = server.Services;
        var client = server.Server.CreateWebSocketClient();
        client.ConfigureRequest = request => request.Headers.Authorization = $"Bearer {key}";
        return await client.ConnectAsync(
            new Uri(server.Server.BaseAddress, StipRoutes.CompletionStream), Cancellation);
    }
}
