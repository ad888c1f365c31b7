using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Endpoints;

public sealed class StreamTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Steps_OverAWebSocket_AnswerAsOverHttp()
    {
        using var server = Tiny();
        var http = await server.Caller().StepAsync(Steps.Prefill(1, 3));
        var next = await server.Caller().StepAsync(Steps.Next(http, 1));
        using var stream = await OpenAsync(server, ApiServer.AdminKey);
        var opened = await stream.StepAsync(Steps.Prefill(1, 3));
        Assert.Equal(http.Row(), opened.Row());
        var streamed = await stream.StepAsync(Steps.Next(opened, 1));
        Assert.Equal(next.Row(), streamed.Row());
        Assert.Equal((4, "tiny", opened.SessionId), (streamed.Position, streamed.Model, streamed.SessionId));
        // The clock stands but for the copies.
        Assert.Matches(
            @"^queue;dur=0\.000, run;dur=0\.000, copy;dur=\d+\.\d{3}, total;dur=0\.000$", streamed.ServerTiming);
    }

    // Some 120 KB, which go in several frames; what comes after them is none of theirs.
    [Fact]
    public async Task Answer_OfManyWholeRows_IsThatOfHttp()
    {
        using var server = new ApiServer();
        new TinyDecoder(Length: 512).WriteTo(server.PackageFolder("tiny"));
        var request = Steps.Prefill(1, 500, new LogitsRequest(null, LogitsRequest.All));
        var http = await server.Caller().StepAsync(request);
        using var stream = await OpenAsync(server, ApiServer.AdminKey);
        var opened = await stream.StepAsync(request);

        Assert.Equal(500, opened.Choices.Count);
        Assert.Equal(http.Row(0), opened.Row(0));
        Assert.Equal(http.Row(499), opened.Row(499));
        Assert.Equal(501, (await stream.StepAsync(Steps.Next(opened, 1))).Position);
    }

    [Fact]
    public async Task Session_OfAStream_GoesOnOverHttp()
    {
        using var server = Tiny();
        CompletionResponse opened;
        using (var stream = await OpenAsync(server, ApiServer.AdminKey))
        {
            opened = await stream.StepAsync(Steps.Prefill(1, 3));
        }

        Assert.Equal(4, (await server.Caller().StepAsync(Steps.Next(opened, 1))).Position);
    }

    [Fact]
    public async Task Refusal_IsATextMessage_AndTheConnectionGoesOn()
    {
        using var server = Tiny();
        using var stream = await OpenAsync(server, ApiServer.AdminKey);
        var refused = await stream.RefusedAsync(Steps.Prefill(1, 2) with { Model = "nope" });
        Assert.Equal(("model_not_found", 404), (refused.Error.Code, refused.Status));
        var nan = await stream.RefusedAsync(
            Steps.Prefill(1, 1) with { PromptEmbeds = Steps.Filled(float.NaN) });
        Assert.Equal("non_finite_input", nan.Error.Code);
        var opened = await stream.StepAsync(Steps.Prefill(1, 2));
        var ahead = await stream.RefusedAsync(Steps.Next(opened, 1) with { Position = 9 });
        Assert.Equal("position_ahead", ahead.Error.Code);
        Assert.Equal(3, (await stream.StepAsync(Steps.Next(opened, 1))).Position);
    }

    [Fact]
    public async Task Source_ThatTheEncoderCannotRun_IsRefused_AndTheConnectionGoesOn()
    {
        using var server = new ApiServer();
        new TinySequence { HasPositions = true }.WriteTo(server.PackageFolder("pair"));
        using var stream = await OpenAsync(server, ApiServer.AdminKey);

        var refused = await stream.RefusedAsync(Start(7));

        Assert.Equal(("invalid_request", 400), (refused.Error.Code, refused.Status));
        Assert.Contains("the encoder cannot run a source of this length", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(1, (await stream.StepAsync(Start(32))).Position);

        static CompletionRequest Start(int rows) => new("pair", Steps.Rows(9, 0, 1))
        {
            EncoderInputsEmbeds = Steps.Rows(1, 100, rows),
        };
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 255, 255, 255, 255, 0, 0, 0, 0, 1 })]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0, 0, (byte)'[', (byte)']' })]
    public async Task Message_ThatIsNoStep_EndsTheConnectionWithAReason(byte[] message)
    {
        using var server = Tiny();
        using var stream = await OpenAsync(server, ApiServer.AdminKey);
        await stream.Socket.SendAsync(message, WebSocketMessageType.Binary, true, Cancellation);
        var answer = await stream.Socket.ReceiveAsync(new byte[100], Cancellation);
        Assert.Equal(WebSocketMessageType.Close, answer.MessageType);
        Assert.Equal(WebSocketCloseStatus.InvalidPayloadData, stream.Socket.CloseStatus);
        Assert.NotEmpty(stream.Socket.CloseStatusDescription!);
        Assert.Equal(2, (await server.Caller().StepAsync(Steps.Prefill(1, 2))).Position);
    }

    [Theory]
    [InlineData("""
        {"prompt_embeds":{"dtype":"F32","shape":[1,8],"data_offsets":[65536,65568]},"__metadata__":{"model":"tiny"}}
        """)]
    [InlineData("""{"字字字字字字字字字字字字字字字字字字字字字字""" +
        """字字字字字字字字字字字字字字字字字字字字字字":{"dtype":"none"}}""")]
    public async Task Header_ThatPromisesMoreOrCannotBeQuoted_EndsTheConnectionWithAReason(string header)
    {
        var json = System.Text.Encoding.UTF8.GetBytes(header);
        await Message_ThatIsNoStep_EndsTheConnectionWithAReason(
            [.. BitConverter.GetBytes((long)json.Length), .. json, .. new byte[32]]);
    }

    [Fact]
    public async Task RevokedKey_LosesItsStreamAtTheNextStep()
    {
        using var server = Tiny();
        var key = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer]));
        using var stream = await OpenAsync(server, key.Value!);
        var opened = await stream.StepAsync(Steps.Prefill(1, 2));
        using var revoked = await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/{key.Id}");
        Assert.True(revoked.IsSuccessStatusCode);
        Assert.Equal("invalid_api_key", (await stream.RefusedAsync(Steps.Next(opened, 1))).Error.Code);
    }

    [Fact]
    public async Task Stream_ThatWaits_IsClosedWhenItsKeyGoes()
    {
        using var server = Tiny();
        var key = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer]));
        using var stream = await OpenAsync(server, key.Value!);
        await stream.StepAsync(Steps.Prefill(1, 2));
        var rotated = await server.Caller().PostAsync<ApiKeyObject>(
            $"{StipRoutes.ApiKeys}/{key.Id}/rotate", new ApiKeyRotateRequest(60));
        using var second = await OpenAsync(server, rotated.Value!);

        server.Clock.Advance(TimeSpan.FromSeconds(60));
        await EndsAsync(stream);
        using var revoked = await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/{key.Id}");
        await EndsAsync(second);

        static async Task EndsAsync(Stream stream)
        {
            Assert.Equal("invalid_api_key", (await stream.ReadRefusalAsync()).Error.Code);
            var close = await stream.Socket.ReceiveAsync(new byte[10], Cancellation);
            Assert.Equal(WebSocketMessageType.Close, close.MessageType);
            Assert.Equal(WebSocketCloseStatus.PolicyViolation, stream.Socket.CloseStatus);
        }
    }

    [Fact]
    public async Task Model_ThatIsGone_IsARefusalAndTheConnectionGoesOn()
    {
        using var server = Tiny();
        using var stream = await OpenAsync(server, ApiServer.AdminKey);
        File.Delete(Path.Combine(server.PackageFolder("tiny"), "model.onnx"));
        Assert.Equal("package_invalid", (await stream.RefusedAsync(Steps.Prefill(1, 2))).Error.Code);
        Assert.Equal("package_invalid", (await stream.RefusedAsync(Steps.Prefill(1, 2))).Error.Code);
    }

    [Fact]
    public async Task Message_LargerThanItsModelCouldUse_EndsTheConnection()
    {
        using var server = Tiny();
        new TinyDecoder("wide", Length: 4096).WriteTo(server.PackageFolder("wide"));
        using var stream = await OpenAsync(server, ApiServer.AdminKey);
        var message = new ArrayBufferWriter<byte>();
        CompletionRequestCodec.Write(message, Steps.Prefill(1, 2000));
        await stream.Socket.SendAsync(message.WrittenMemory, WebSocketMessageType.Binary, true, Cancellation);
        var answer = await stream.Socket.ReceiveAsync(new byte[1000], Cancellation);
        Assert.Equal(WebSocketMessageType.Close, answer.MessageType);
        Assert.Equal(WebSocketCloseStatus.InvalidPayloadData, stream.Socket.CloseStatus);
        Assert.Equal(2000, (await server.Caller().StepAsync(Steps.Prefill(1, 2000) with { Model = "wide" })).Position);
    }

    [Fact]
    public async Task Stream_WithoutAKeyOrWithoutAWebSocket_IsRefused()
    {
        using var server = Tiny();
        await Assert.ThrowsAsync<InvalidOperationException>(() => OpenAsync(server, "wrong"));
        using var plain = await server.Caller().SendAsync(HttpMethod.Get, StipRoutes.CompletionStream);
        await ApiCaller.RefusedAsync(plain, 400, "invalid_request");
    }

    // Issue's bound: hidden 4096, 16-bit rows, top-k 64; the headers do not depend on the model that answers.
    [Fact]
    public async Task DecodedToken_AtHidden4096AndTopK64_FitsIn9KiBBothWays()
    {
        using var server = Tiny();
        using var stream = await OpenAsync(server, ApiServer.AdminKey);
        var logits = new LogitsRequest(TinyDecoder.MaxTopK);
        var step = await stream.StepAsync(Steps.Prefill(1, 3, logits));
        step = await stream.StepAsync(Half(Steps.Next(step, 1, logits: logits)));
        await stream.StepAsync(Half(Steps.Next(step, 1, logits: logits)));
        const int FrameHeaders = 8 + 4;
        const int MoreInRows = (4096 - TinyDecoder.HiddenSize) * 2;
        const int MoreInAnswer = (64 - TinyDecoder.MaxTopK) * 8;
        const int MoreDigits = 24;
        var bytes = stream.LastSent + stream.LastReceived + MoreInRows + MoreInAnswer + MoreDigits + FrameHeaders;
        Assert.InRange(bytes, 8192, 9 * 1024);

        static CompletionRequest Half(CompletionRequest request) => request with
        {
            PromptEmbeds = Steps.Rows(1, request.Position!.Value, 1, TensorDtype.Float16),
        };
    }

    private static ApiServer Tiny()
    {
        var server = new ApiServer();
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        return server;
    }

    private static async Task<Stream> OpenAsync(ApiServer server, string key)
    {
        _ = server.Services;
        var client = server.Server.CreateWebSocketClient();
        client.ConfigureRequest = request => request.Headers.Authorization = $"Bearer {key}";
        return new Stream(await client.ConnectAsync(
            new Uri(server.Server.BaseAddress, StipRoutes.CompletionStream), Cancellation));
    }

    private sealed class Stream(WebSocket socket) : IDisposable
    {
        private readonly StickyFields _sent = new();
        private readonly StickyFields _received = new();

        public WebSocket Socket => socket;

        public int LastSent { get; private set; }

        public int LastReceived { get; private set; }

        public async Task<CompletionResponse> StepAsync(CompletionRequest request)
        {
            var (type, body) = await ExchangeAsync(request);
            Assert.True(type == WebSocketMessageType.Binary, System.Text.Encoding.UTF8.GetString(body));
            return CompletionResponseCodec.Read(body, _received);
        }

        /// <summary>A refusal that nobody asked for.</summary>
        public async Task<ErrorDocument> ReadRefusalAsync()
        {
            var buffer = new byte[4096];
            var received = await socket.ReceiveAsync(buffer, Cancellation);
            Assert.Equal(WebSocketMessageType.Text, received.MessageType);
            return JsonSerializer.Deserialize<ErrorDocument>(buffer.AsSpan(0, received.Count), StipJson.Wire)!;
        }

        public async Task<ErrorDocument> RefusedAsync(CompletionRequest request)
        {
            var (type, body) = await ExchangeAsync(request);
            Assert.Equal(WebSocketMessageType.Text, type);
            return JsonSerializer.Deserialize<ErrorDocument>(body, StipJson.Wire)!;
        }

        public void Dispose() => socket.Dispose();

        private async Task<(WebSocketMessageType Type, byte[] Body)> ExchangeAsync(CompletionRequest request)
        {
            var message = new ArrayBufferWriter<byte>();
            CompletionRequestCodec.Write(message, request, _sent);
            LastSent = message.WrittenCount;
            // In two pieces, as networks do.
            var half = message.WrittenCount / 2;
            await socket.SendAsync(message.WrittenMemory[..half], WebSocketMessageType.Binary, false, Cancellation);
            await socket.SendAsync(message.WrittenMemory[half..], WebSocketMessageType.Binary, true, Cancellation);
            var buffer = new byte[256 << 10];
            LastReceived = 0;
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(LastReceived), Cancellation);
                LastReceived += received.Count;
                if (received.EndOfMessage)
                {
                    return (received.MessageType, buffer[..LastReceived]);
                }
            }
        }
    }
}
