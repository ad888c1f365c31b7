using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Stip.Api.Endpoints;
using Stip.Api.Endpoints.Completions;
using Stip.Protocol;
using Stip.Protocol.Completions;

namespace Stip.Api.Tests.Endpoints.Completions;

/// <summary>An answer of many whole rows, written in pieces, is the one that would be written at once.</summary>
public sealed class StepWriterTests
{
    [Theory]
    [InlineData(1, 64)]
    [InlineData(1, 200_000)]
    [InlineData(70, 1000)]
    public async Task Answer_OfWholeRows_IsThatOfTheSerializerAndOfTheCodec(int rows, int vocabulary)
    {
        var data = new byte[rows * vocabulary * sizeof(float)];
        new Random(rows).NextBytes(data);
        var rowBytes = data.Length / rows;
        var answer = new CompletionResponse(
            "cmpl_1", CompletionResponse.ObjectName, 7, "model \"ü\"", "sess_1", rows,
            [
                .. Enumerable.Range(0, rows).Select(row => new CompletionChoice(
                    row,
                    new LogitsPayload(
                        "float32", Shape: [vocabulary], Data: data.AsMemory(row * rowBytes, rowBytes)),
                    row == rows - 1 ? CompletionChoice.Length : null)),
            ],
            new CompletionUsage(rows, 0, rows))
        { Fingerprint = "f", KeyEpoch = 3 };
        var binary = new ArrayBufferWriter<byte>();
        CompletionResponseCodec.Write(binary, answer);

        Assert.Equal(
            JsonSerializer.SerializeToUtf8Bytes(answer, StipJson.Wire), await WrittenAsync(answer, MediaTypes.Json));
        Assert.Equal(
            binary.WrittenSpan.ToArray(), await WrittenAsync(answer, StipRoutes.SafetensorsMediaType));
    }

    private static async Task<byte[]> WrittenAsync(CompletionResponse answer, string mediaType)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Accept = mediaType;
        var body = new MemoryStream();
        context.Response.Body = body;
        await StepWriter.WriteAsync(context, answer);
        Assert.True(context.Response.ContentLength is null || context.Response.ContentLength == body.Length);
        return body.ToArray();
    }
}
