using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Protocol;
using Stip.Protocol.Completions;

namespace Stip.Api.Endpoints.Streaming;

/// <summary>Writes answers as binary messages and refusals as text ones.</summary>
internal sealed class StreamWriter(
    WebSocket socket, string requestId, TimeProvider clock, EngineMetrics? metrics = null)
{
    private readonly ArrayBufferWriter<byte> _body = new(4096);
    private readonly StickyFields _said = new();

    // Id and time are those of the connection: said once.
    private readonly string _id = StepAnswers.NewId();
    private readonly long _created = clock.GetUtcNow().ToUnixTimeSeconds();

    public ValueTask AnswerAsync(
        StepDeclaration step, StepAnswer answer, long started, CancellationToken cancellation)
    {
        StepSpans.Record(step, answer.Times, clock);
        using var copy = StepSpans.Copy();
        _body.ResetWrittenCount();
        CompletionResponseCodec.Write(
            _body,
            StepAnswers.Of(
                step, answer, _id, _created, ServerTiming.Of(answer.Times, clock.GetElapsedTime(started))),
            _said);
        return socket.SendAsync(_body.WrittenMemory, WebSocketMessageType.Binary, true, cancellation);
    }

    public ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellation, string? model = null)
    {
        metrics?.CountRefusal(refusal.Code, refusal.Model ?? model);
        return socket.SendAsync(
            JsonSerializer.SerializeToUtf8Bytes(
                ErrorAnswer.Document(refusal, ErrorStatus.Of(refusal.Code), requestId), StipJson.Wire).AsMemory(),
            WebSocketMessageType.Text, true, cancellation);
    }
}
