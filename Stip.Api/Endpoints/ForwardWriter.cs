using System.IO.Pipelines;
using System.Text.Json;
using Stip.Protocol;
using Stip.Protocol.Forward;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints;

/// <summary>Writes the answer of a pass in the form that the caller accepts, from where the runtime left it.</summary>
internal static class ForwardWriter
{
    // Of three, so that a piece's base64 needs no padding.
    private const int JsonPieceBytes = AnswerPieces.PieceBytes / 4 * 3;

    public static async Task WriteAsync(HttpContext context, ForwardResponse answer)
    {
        var (response, cancellation) = (context.Response, context.RequestAborted);
        if (!MediaTypes.WantsSafetensors(context.Request))
        {
            response.ContentType = MediaTypes.JsonInUtf8;
            await WriteJsonAsync(response.BodyWriter, answer, cancellation);
            return;
        }

        var header = ForwardCodec.WriteHeader(answer);
        response.ContentType = StipRoutes.SafetensorsMediaType;
        response.ContentLength = header.Length + answer.Outputs.Values.Sum(output => (long)output.Data.Length);
        await AnswerPieces.WriteAsync(response.BodyWriter, header, cancellation);
        foreach (var output in answer.Outputs.Values)
        {
            await AnswerPieces.WriteAsync(response.BodyWriter, output.Data, cancellation);
        }

        await AnswerPieces.FlushAsync(response.BodyWriter, cancellation);
    }

    // As the serializer does, which would make one piece of every tensor.
    private static async Task WriteJsonAsync(
        PipeWriter output, ForwardResponse answer, CancellationToken cancellation)
    {
        await using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = StipJson.Wire.Encoder });
        json.WriteStartObject();
        json.WriteString("id", answer.Id);
        json.WriteString("object", answer.Object);
        json.WriteString("model", answer.Model);
        json.WriteStartObject("outputs");
        foreach (var (name, tensor) in answer.Outputs)
        {
            json.WritePropertyName(name);
            await WriteJsonAsync(json, output, tensor, cancellation);
        }

        json.WriteEndObject();
        if (answer.Fingerprint is { } fingerprint)
        {
            json.WriteString("fingerprint", fingerprint);
        }

        if (answer.KeyEpoch is { } epoch)
        {
            json.WriteNumber("key_epoch", epoch);
        }

        json.WriteEndObject();
        json.Flush();
        await AnswerPieces.FlushAsync(output, cancellation);
    }

    private static async Task WriteJsonAsync(
        Utf8JsonWriter json, PipeWriter output, TensorPayload tensor, CancellationToken cancellation)
    {
        json.WriteStartObject();
        json.WriteString("dtype", tensor.Dtype);
        json.WriteStartArray("shape");
        foreach (var axis in tensor.Shape)
        {
            json.WriteNumberValue(axis);
        }

        json.WriteEndArray();
        json.WritePropertyName("data");
        var data = tensor.Data;
        while (data.Length > JsonPieceBytes)
        {
            json.WriteBase64StringSegment(data.Span[..JsonPieceBytes], isFinalSegment: false);
            json.Flush();
            await AnswerPieces.FlushAsync(output, cancellation);
            data = data[JsonPieceBytes..];
        }

        json.WriteBase64StringSegment(data.Span, isFinalSegment: true);
        json.WriteEndObject();
    }
}
