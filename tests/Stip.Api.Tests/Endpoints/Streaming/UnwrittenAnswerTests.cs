using System.Buffers;
using System.Net.WebSockets;
using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Endpoints.Limits;
using Stip.Api.Endpoints.Streaming;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Completions;
using StreamWriter = Stip.Api.Endpoints.Streaming.StreamWriter;

namespace Stip.Api.Tests.Endpoints.Streaming;

/// <summary>Callers of a WebSocket who go while their answer is made.</summary>
public sealed class UnwrittenAnswerTests
{
    [Theory]
    [InlineData(0, 0)] // nobody was told the session's name
    [InlineData(1, 1)] // the caller may come back to it
    public async Task Session_WhoseNameCannotBeTold_GivesItsSlotBackAtOnce(int answers, int sessions)
    {
        using var server = new ApiServer();
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        var services = server.Services;
        var keys = services.GetRequiredService<KeyDirectory>();
        var clock = services.GetRequiredService<TimeProvider>();
        using var socket = new BreakingSocket(answers);
        var writer = new StreamWriter(socket, "request", clock);
        using var gate = new StreamGate(socket, writer);
        using var service = new StreamService(
            socket, services.GetRequiredService<StepDesk>(), keys, keys.Find(ApiServer.AdminKey)!, writer,
            services.GetRequiredService<KeyLimits>(), clock);

        await Assert.ThrowsAsync<WebSocketException>(
            () => service.ServeAsync(gate, TestContext.Current.CancellationToken));

        Assert.Equal(sessions, services.GetRequiredService<ModelRegistry>().Find("tiny")!.Decoder!.SessionCount);
    }

    /// <summary>Opens a session and goes on with it; after some answers the caller is gone.</summary>
    private sealed class BreakingSocket(int answers) : WirelessSocket
    {
        private readonly StickyFields _sent = new();
        private CompletionResponse? _opened;

        public override ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(
            Memory<byte> buffer, CancellationToken cancellationToken)
        {
            var message = new ArrayBufferWriter<byte>();
            CompletionRequestCodec.Write(
                message, _opened is null ? Steps.Prefill(1, 3) : Steps.Next(_opened, 1), _sent);
            message.WrittenMemory.CopyTo(buffer);
            return new(new ValueWebSocketReceiveResult(
                message.WrittenCount, WebSocketMessageType.Binary, endOfMessage: true));
        }

        public override ValueTask SendAsync(
            ReadOnlyMemory<byte> buffer,
            WebSocketMessageType messageType,
            bool endOfMessage,
            CancellationToken cancellationToken)
        {
            if (answers-- == 0)
            {
                throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely);
            }

            _opened = CompletionResponseCodec.Read(buffer.ToArray(), new StickyFields());
            return ValueTask.CompletedTask;
        }
    }
}
