using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Stip.Api.Endpoints;
using Stip.Protocol;
using Stip.Protocol.Forward;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Endpoints;

/// <summary>An answer that is written in pieces is the one that would be written at once.</summary>
public sealed class ForwardWriterTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(49_152)]
    [InlineData(49_153)]
    [InlineData(200_000)]
    public async Task Answer_InPieces_IsThatOfTheSerializerAndOfTheCodec(int bytes)
    {
        var data = new byte[bytes];
        new Random(bytes).NextBytes(data);
        var answer = new ForwardResponse(
            "fwd_1", ForwardResponse.ObjectName, "model \"ü\"", new Dictionary<string, TensorPayload>
            {
                ["first"] = new("uint8", [bytes], data),
                ["a \"second\""] = new("uint8", [1, 3], new byte[] { 255, 254, 253 }),
            })
        {
            Fingerprint = bytes == 0 ? null : "aa",
            KeyEpoch = bytes == 0 ? null : 3,
        };

        Assert.Equal(
            JsonSerializer.SerializeToUtf8Bytes(answer, StipJson.Wire), await WrittenAsync(answer, MediaTypes.Json));
        Assert.Equal(ForwardCodec.Write(answer), await WrittenAsync(answer, StipRoutes.SafetensorsMediaType));
    }

    [Fact]
    public async Task Answer_WhoseReaderIsGone_EndsAtItsFirstPiece()
    {
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        var context = new DefaultHttpContext { RequestAborted = gone.Token };
        context.Request.Headers.Accept = StipRoutes.SafetensorsMediaType;
        var body = new MemoryStream();
        context.Response.Body = body;
        var answer = new ForwardResponse("fwd_1", ForwardResponse.ObjectName, "m", new Dictionary<string, TensorPayload>
        {
            ["x"] = new("uint8", [1 << 20], new byte[1 << 20]),
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ForwardWriter.WriteAsync(context, answer));
        Assert.InRange(body.Length, 0, AnswerPieces.PieceBytes);
    }

    private static async Task<byte[]> WrittenAsync(ForwardResponse answer, string mediaType)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Accept = mediaType;
        var body = new MemoryStream();
        context.Response.Body = body;
        await ForwardWriter.WriteAsync(context, answer);
        Assert.StartsWith(mediaType, context.Response.ContentType, StringComparison.Ordinal);
        Assert.True(context.Response.ContentLength is null || context.Response.ContentLength == body.Length);
        return body.ToArray();
    }
}
