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
    private const int MostKeptBytes = 1 << 20;
    private ArrayBufferWriter<byte> _body = new(4096);
    private readonly StickyFields _said = new();

    // Id and time are those of the connection: said once.
    private readonly string _id = StepAnswers.NewId();
    private readonly long _created = clock.GetUtcNow().ToUnixTimeSeconds();

    public ValueTask AnswerAsync(
        StepDeclaration step, StepAnswer answer, long started, CancellationToken cancellation)
    {
        StepSpans.Record(step, answer.Times, clock);
        var response = StepAnswers.Of(
            step, answer, _id, _created, ServerTiming.Of(answer.Times, clock.GetElapsedTime(started)));
        // One frame where it can be: plain clients read no more than one of a message.
        if (StepWriter.RowBytes(response) > MostKeptBytes)
        {
            return WriteRowsAsync(response, cancellation);
        }

        // What one long answer took is not kept for the short ones that follow it; for as long ones it is.
        if (_body.Capacity > MostKeptBytes && StepWriter.RowBytes(response) < MostKeptBytes / 2)
        {
            _body = new(4096);
        }

        using var copy = StepSpans.Copy();
        _body.ResetWrittenCount();
        CompletionResponseCodec.Write(_body, response, _said);
        // Such as hold whole rows are half of this at most: only the largest logits of many rows take more.
        return _body.Capacity > 2 * MostKeptBytes
            ? SendOnceAsync(cancellation)
            : socket.SendAsync(_body.WrittenMemory, WebSocketMessageType.Binary, true, cancellation);
    }

    // A connection may be idle for long after it.
    private async ValueTask SendOnceAsync(CancellationToken cancellation)
    {
        var body = _body.WrittenMemory;
        _body = new(4096);
        await socket.SendAsync(body, WebSocketMessageType.Binary, true, cancellation);
    }

    // In frames of a piece each, for which the socket needs no more room than for one.
    private async ValueTask WriteRowsAsync(CompletionResponse response, CancellationToken cancellation)
    {
        using var copy = StepSpans.Copy();
        _body.ResetWrittenCount();
        CompletionResponseCodec.WriteHeader(_body, response, _said);
        await socket.SendAsync(_body.WrittenMemory, WebSocketMessageType.Binary, false, cancellation);
        for (var row = 0; row < response.Choices.Count; row++)
        {
            var left = response.Choices[row].Logits.Data!.Value;
            while (!left.IsEmpty)
            {
                var piece = left[..Math.Min(AnswerPieces.PieceBytes, left.Length)];
                left = left[piece.Length..];
                var isLast = left.IsEmpty && row == response.Choices.Count - 1;
                await socket.SendAsync(piece, WebSocketMessageType.Binary, isLast, cancellation);
            }
        }
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
