using System.Buffers;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Forward;

namespace Stip.Api.Tests.Endpoints;

/// <summary>Whatever comes, the answer is one of the contract's and the next user is served.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class HostileTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private const int Attempts = 2500;

    private static readonly string[] AnyJson =
    [
        "", "null", "[]", "{}", "5", "\"x\"", "{\"model\":null}", "{\"max_length\":1}",
        "{\"upload_ids\":[null]}", "{\"upload_ids\":null}",
        "{\"name\":null,\"scopes\":[null]}", "{\"name\":\"x\",\"scopes\":[\"infer\"],\"models\":[null]}",
        "{\"filename\":null,\"bytes\":1,\"purpose\":\"stip-package\",\"sha256\":null}",
        "{\"model\":\"tiny-encoder\",\"inputs\":null}",
        "{\"model\":\"tiny-encoder\",\"inputs\":{\"inputs_embeds\":null,\"token_type_ids\":null}}",
    ];

    // Not kept: what is answered by chance must not fill the slots.
    private static readonly CompletionRequest Good = Steps.Prefill(1, 2, new LogitsRequest(3)) with { Keep = false };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task SafetensorsBodies_DamagedAnywhere_NeverFailTheServer(int seed)
    {
        var random = new Random(seed);
        var good = Binary(Good);
        await AttackAsync(StipRoutes.SafetensorsMediaType, () => HostileBytes.Damage(random, good));
    }

    [Fact]
    public async Task SafetensorsHeaders_ThatLie_NeverFailTheServer()
    {
        var random = new Random(3);
        await AttackAsync(StipRoutes.SafetensorsMediaType, () => LyingStep(random));
    }

    [Fact]
    public async Task JsonBodies_DamagedAnywhere_NeverFailTheServer()
    {
        var random = new Random(4);
        var good = JsonSerializer.SerializeToUtf8Bytes(Good, StipJson.Wire);
        await AttackAsync("application/json", () => HostileBytes.Damage(random, good));
    }

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/v1/uploads")]
    [InlineData("/v1/api_keys")]
    [InlineData("/v1/permuted/sessions")]
    [InlineData("/v1/permuted/forward")]
    public async Task OtherRoutes_GivenAnyJson_NeverFailTheServer(string path)
    {
        foreach (var body in AnyJson)
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await tiny.Server.Caller().SendAsync(HttpMethod.Post, path, content);
            Assert.InRange((int)response.StatusCode, 400, 499);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }
    }

    [Theory]
    [InlineData("/v1/models/..%2f..%2fetc%2fpasswd")]
    [InlineData("/v1/uploads/..%2f..%2fkeys")]
    [InlineData("/v1/permuted/sessions/%2e%2e")]
    [InlineData("/swagger/..%2fappsettings.json")]
    public async Task Paths_ThatClimb_FindNothing(string path)
    {
        using var response = await tiny.Server.Caller().SendAsync(HttpMethod.Get, path);
        Assert.InRange((int)response.StatusCode, 400, 499);
    }

    [Fact]
    public async Task Passes_DamagedAnywhere_NeverFailTheServer()
    {
        var (random, request) = (new Random(5), TinyEncoder.Request(2, 5));
        var (binary, json) = (
            ForwardCodec.Write(request), JsonSerializer.SerializeToUtf8Bytes(request, StipJson.Wire));
        await AttackAsync(
            StipRoutes.SafetensorsMediaType,
            () => random.Next(2) == 0
                ? HostileBytes.Damage(random, binary)
                : HostileBytes.LyingHeader(
                    random, TinyEncoder.Model, "inputs_embeds", "token_type_ids", "__metadata__", ""),
            StipRoutes.Forward);
        await AttackAsync("application/json", () => HostileBytes.Damage(random, json), StipRoutes.Forward);
    }

    [Fact]
    public async Task Messages_DamagedAnywhere_NeverFailTheServer()
    {
        var (random, good) = (new Random(6), Binary(Good));
        var watch = new MemoryWatch(Attempts);
        WebSocket? socket = null;
        for (var i = 0; i < Attempts; i++)
        {
            watch.Tick(i);
            socket ??= await tiny.OpenSocketAsync();
            var message = random.Next(2) == 0 ? HostileBytes.Damage(random, good) : LyingStep(random);
            var cut = random.Next(message.Length + 1);
            await socket.SendAsync(message.AsMemory(0, cut), WebSocketMessageType.Binary, false, Cancellation);
            try
            {
                await socket.SendAsync(message.AsMemory(cut), WebSocketMessageType.Binary, true, Cancellation);
            }
            catch (IOException)
            {
                // The first half was enough to close the connection; why, is received next.
            }

            var answer = await socket.ReceiveAsync(new byte[64 << 10], Cancellation);
            Assert.NotEqual(WebSocketCloseStatus.InternalServerError, answer.CloseStatus);
            if (answer.MessageType == WebSocketMessageType.Close)
            {
                socket.Dispose();
                socket = null;
            }
        }

        socket?.Dispose();
        watch.AssertFlat();
        Assert.Equal(2, (await tiny.Server.Caller().StepAsync(Steps.Prefill(1, 2))).Position);
    }

    private async Task AttackAsync(string contentType, Func<byte[]> next, string route = StipRoutes.Completions)
    {
        var caller = tiny.Server.Caller();
        var watch = new MemoryWatch(Attempts);
        for (var i = 0; i < Attempts; i++)
        {
            watch.Tick(i);
            using var body = new ByteArrayContent(next());
            body.Headers.ContentType = new MediaTypeHeaderValue(contentType);
            using var response = await caller.SendAsync(HttpMethod.Post, route, body);
            Assert.NotEqual(500, (int)response.StatusCode);
        }

        watch.AssertFlat();
        Assert.Equal(2, (await caller.StepAsync(Steps.Prefill(1, 2))).Position);
    }

    private static byte[] LyingStep(Random random) =>
        HostileBytes.LyingHeader(random, "tiny", "prompt_embeds", "__metadata__", "logits", "");

    private static byte[] Binary(CompletionRequest request)
    {
        var body = new ArrayBufferWriter<byte>();
        CompletionRequestCodec.Write(body, request);
        return body.WrittenSpan.ToArray();
    }
}
