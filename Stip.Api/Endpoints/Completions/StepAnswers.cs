using System.Runtime.InteropServices;
using Stip.Api.Engine;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints.Completions;

/// <summary>Turns the engine's answer into the contract's.</summary>
internal static class StepAnswers
{
    /// <param name="step">What was asked.</param>
    /// <param name="answer">What the engine says.</param>
    /// <param name="id">Of the answer.</param>
    /// <param name="created">Unix seconds.</param>
    /// <param name="timing">Where the time went, for a form without headers.</param>
    public static CompletionResponse Of(
        StepDeclaration step, StepAnswer answer, string id, long created, string? timing = null)
    {
        var decoder = step.Decoder;
        var rowBytes = answer.Top.Bytes(step.RowBytes);
        var choices = new CompletionChoice[step.WantedRows];
        for (var i = 0; i < choices.Length; i++)
        {
            var row = answer.Logits.Slice(i * rowBytes, rowBytes);
            var isLast = i == choices.Length - 1;
            choices[i] = new CompletionChoice(
                i, Payload(step, answer.Top, row), isLast && answer.IsFull ? CompletionChoice.Length : null);
        }

        return new CompletionResponse(
            id,
            CompletionResponse.ObjectName,
            created,
            decoder.Model,
            answer.SessionId,
            answer.Position,
            choices,
            new CompletionUsage(step.RowCount, answer.CachedBefore, answer.Position))
        {
            Fingerprint = decoder.Fingerprint,
            KeyEpoch = decoder.KeyEpoch,
            ServerTiming = timing,
        };
    }

    /// <summary>An id for an answer or for the answers of a connection.</summary>
    public static string NewId() => "cmpl_" + Guid.CreateVersion7().ToString("N");

    private static LogitsPayload Payload(StepDeclaration step, TopRow top, ReadOnlyMemory<byte> row)
    {
        var decoder = step.Decoder;
        if (!top.IsWhole)
        {
            return new LogitsPayload(
                TensorDtype.Float32.WireName(), top.Indices(row.Span).ToArray(), top.Values(row.Span).ToArray(),
                TopRow.LogSumExp(row.Span));
        }

        if (step.Logits.TopK is not { } k)
        {
            return new LogitsPayload(decoder.LogitsDtype.WireName(), Shape: [decoder.VocabSize], Data: row);
        }

        var wide = decoder.LogitsDtype == TensorDtype.Float32 ? [] : new float[decoder.VocabSize];
        if (wide.Length > 0)
        {
            TensorConversion.ToFloat32(decoder.LogitsDtype, row.Span, wide);
        }

        var logits = wide.Length > 0 ? wide : MemoryMarshal.Cast<byte, float>(row.Span); // [vocab]
        var (indices, values) = (new int[k], new float[k]);
        LogitsRows.TopK(logits, indices, values);
        var sum = LogitsRows.LogSumExp(logits, step.Logits.Temperature);
        return new LogitsPayload(TensorDtype.Float32.WireName(), indices, values, sum);
    }
}
