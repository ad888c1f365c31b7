using System.Buffers;
using System.Text.Json;
using Stip.Protocol;
using Stip.Protocol.Completions;

namespace Stip.Api.Endpoints.Completions;

/// <summary>Writes an answer in the form that the caller accepts.</summary>
internal static class StepWriter
{
    public static async Task WriteAsync(HttpContext context, CompletionResponse answer)
    {
        var body = new ArrayBufferWriter<byte>(4096);
        if (MediaTypes.WantsSafetensors(context.Request))
        {
            CompletionResponseCodec.Write(body, answer);
            context.Response.ContentType = StipRoutes.SafetensorsMediaType;
        }
        else
        {
            await using var json = new Utf8JsonWriter(body);
            JsonSerializer.Serialize(json, answer, StipJson.Wire);
            context.Response.ContentType = MediaTypes.Json;
        }

        context.Response.ContentLength = body.WrittenCount;
        await context.Response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }
}
