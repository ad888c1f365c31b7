using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Stip.Api.Endpoints;
using Stip.Protocol;
using Stip.Protocol.Forward;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Endpoints;

/// <summary>A long document, which is held outside of the connection's buffers, says what a short one would.</summary>
public sealed class JsonBodyTests
{
    private const int Bytes = 3 << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Request_OfALargeTensor_IsReadAsTheSerializerReadsIt(bool saysItsLength)
    {
        var (request, json) = Request();
        using var body = await ReadAsync(json, json.Length, saysItsLength);

        Assert.Equal("m", body!.Value!.Model);
        Assert.Equal(request.Inputs["small"].Data.ToArray(), body.Value.Inputs["small"].Data.ToArray());
        Assert.Equal(request.Inputs["large"].Shape, body.Value.Inputs["large"].Shape);
        Assert.True(request.Inputs["large"].Data.Span.SequenceEqual(body.Value.Inputs["large"].Data.Span));
    }

    // A solidus may be escaped in JSON, and is a digit of base64.
    [Fact]
    public async Task Tensor_OfEscapedBase64_IsReadAsAnyOther()
    {
        var (request, json) = Request();
        json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json).Replace("/", "\\/", StringComparison.Ordinal));
        using var body = await ReadAsync(json, json.Length, saysItsLength: true);

        Assert.True(request.Inputs["large"].Data.Span.SequenceEqual(body!.Value!.Inputs["large"].Data.Span));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Body_LongerThanAllowed_IsNone(bool saysItsLength) =>
        Assert.Null(await ReadAsync(Request().Json, Bytes, saysItsLength));

    [Theory]
    [InlineData("}", "]")]
    [InlineData("}", "} x")]
    [InlineData("\"large\":{\"dtype\"", "\"large\":{\"dtype\":1,\"x\"")]
    [InlineData("=\"", "=?\"")]
    [InlineData("=\"", "=\",\"shape\":7,\"x\":\"")]
    public async Task Document_OfAnotherForm_IsRefused(string good, string bad)
    {
        var text = Encoding.UTF8.GetString(Request().Json);
        var at = text.LastIndexOf(good, StringComparison.Ordinal);
        Assert.True(at > 0);
        var json = Encoding.UTF8.GetBytes(text[..at] + bad + text[(at + good.Length)..]);

        await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(json, json.Length, saysItsLength: true));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Document_WithAMark_IsReadAsWithoutOne(bool isLong)
    {
        var (_, json) = isLong ? Request() : (null!, "{\"model\":\"m\",\"inputs\":{}}"u8.ToArray());
        byte[] marked = [.. Encoding.UTF8.Preamble, .. json];
        using var body = await ReadAsync(marked, marked.Length, saysItsLength: true);

        Assert.Equal("m", body!.Value!.Model);
    }

    [Theory]
    [InlineData("utf-16", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", false)]
    [InlineData("utf-32", true)]
    public async Task Document_InAnotherEncoding_IsRefusedByTheNameOfTheOneThatIsRead(string name, bool isMarked)
    {
        var encoding = Encoding.GetEncoding(name);
        byte[] json =
        [
            .. isMarked ? encoding.GetPreamble() : [], .. encoding.GetBytes("{\"model\":\"m\",\"inputs\":{}}"),
        ];
        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(json, json.Length, true));

        Assert.Contains("JSON is read in UTF-8", fault.Message, StringComparison.Ordinal);
    }

    private static async Task<JsonBody<ForwardRequest>?> ReadAsync(byte[] json, long most, bool saysItsLength)
    {
        var context = new DefaultHttpContext();
        context.Request.Body = new MemoryStream(json);
        context.Request.ContentLength = saysItsLength ? json.Length : null;
        return await JsonBody<ForwardRequest>.ReadAsync(context.Request, most, Cancellation);
    }

    private static (ForwardRequest Request, byte[] Json) Request()
    {
        // Its base64 ends with a sign of padding.
        var large = new byte[Bytes + 2];
        new Random(1).NextBytes(large);
        var request = new ForwardRequest("m", new Dictionary<string, TensorPayload>
        {
            ["small"] = new("uint8", [3], new byte[] { 255, 254, 253 }),
            ["large"] = new("uint8", [large.Length], large),
        });
        return (request, JsonSerializer.SerializeToUtf8Bytes(request, StipJson.Wire));
    }
}
