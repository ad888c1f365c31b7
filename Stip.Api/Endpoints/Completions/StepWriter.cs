using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Stip.Protocol;
using Stip.Protocol.Completions;

namespace Stip.Api.Endpoints.Completions;

/// <summary>Writes an answer in the form that the caller accepts: what is large as fast as its reader takes it.
/// </summary>
internal static class StepWriter
{
    public static async Task WriteAsync(HttpContext context, CompletionResponse answer)
    {
        var response = context.Response;
        var isBinary = MediaTypes.WantsSafetensors(context.Request);
        response.ContentType = isBinary ? StipRoutes.SafetensorsMediaType : MediaTypes.Json;
        if (RowBytes(answer) > AnswerPieces.PieceBytes)
        {
            await (isBinary
                ? WriteRowsAsync(response, answer, context.RequestAborted)
                : WriteJsonAsync(response.BodyWriter, answer, context.RequestAborted));
            return;
        }

        var body = new ArrayBufferWriter<byte>(4096);
        if (isBinary)
        {
            CompletionResponseCodec.Write(body, answer);
        }
        else
        {
            await using var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = StipJson.Wire.Encoder });
            JsonSerializer.Serialize(json, answer, StipJson.Wire);
        }

        response.ContentLength = body.WrittenCount;
        await AnswerPieces.WriteAsync(response.BodyWriter, body.WrittenMemory, context.RequestAborted);
        await AnswerPieces.FlushAsync(response.BodyWriter, context.RequestAborted);
    }

    /// <summary>Bytes of all rows where they are whole rows; 0 where the largest of each are told.</summary>
    public static long RowBytes(CompletionResponse answer) =>
        (long)answer.Choices.Count * (answer.Choices[0].Logits.Data?.Length ?? 0);

    private static async Task WriteRowsAsync(
        HttpResponse response, CompletionResponse answer, CancellationToken cancellation)
    {
        var header = new ArrayBufferWriter<byte>(1024);
        CompletionResponseCodec.WriteHeader(header, answer);
        response.ContentLength = header.WrittenCount + RowBytes(answer);
        response.BodyWriter.Write(header.WrittenSpan);
        foreach (var choice in answer.Choices)
        {
            await AnswerPieces.WriteAsync(response.BodyWriter, choice.Logits.Data!.Value, cancellation);
        }

        await AnswerPieces.FlushAsync(response.BodyWriter, cancellation);
    }

    // As the serializer does, which would make one piece of all rows.
    private static async Task WriteJsonAsync(
        PipeWriter output, CompletionResponse answer, CancellationToken cancellation)
    {
        await using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = StipJson.Wire.Encoder });
        json.WriteStartObject();
        foreach (var field in JsonSerializer.SerializeToElement(answer with { Choices = [] }, StipJson.Wire)
            .EnumerateObject())
        {
            json.WritePropertyName(field.Name);
            if (field.Value.ValueKind != JsonValueKind.Array)
            {
                field.Value.WriteTo(json);
                continue;
            }

            json.WriteStartArray();
            foreach (var choice in answer.Choices)
            {
                JsonSerializer.Serialize(json, choice, StipJson.Wire);
                await AnswerPieces.FlushFullAsync(output, cancellation);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        await AnswerPieces.FlushAsync(output, cancellation);
    }
}
