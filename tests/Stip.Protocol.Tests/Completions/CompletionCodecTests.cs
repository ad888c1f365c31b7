using System.Buffers;
using System.Text.Json;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Protocol.Tests.Completions;

public sealed class CompletionCodecTests
{
    private static readonly byte[] Rows = [.. Enumerable.Range(0, 2 * 3 * 2).Select(i => (byte)i)];

    private static readonly CompletionRequest Request = new(
        "fables", new TensorPayload("float16", [2, 3], Rows), "sess_1", 7,
        new LogitsRequest(5, "all", 0.25), 40, Keep: false);

    [Fact]
    public void Request_WrittenAndRead_KeepsEveryField()
    {
        var output = new ArrayBufferWriter<byte>();
        CompletionRequestCodec.Write(output, Request);
        var read = CompletionRequestCodec.Read(output.WrittenMemory);

        Assert.Equal(Request with { PromptEmbeds = read.PromptEmbeds }, read);
        Assert.Equal(Rows, read.PromptEmbeds.Data.ToArray());
        Assert.Equal([2L, 3L], read.PromptEmbeds.Shape);
    }

    [Fact]
    public void Request_InJson_CarriesBase64AndReadsBack()
    {
        var json = JsonSerializer.Serialize(Request, StipJson.Wire);
        Assert.Contains($"\"data\":\"{Convert.ToBase64String(Rows)}\"", json, StringComparison.Ordinal);

        var read = JsonSerializer.Deserialize<CompletionRequest>(json, StipJson.Wire)!;
        Assert.Equal(Rows, read.PromptEmbeds.Data.ToArray());
        Assert.Equal(Request.Logits, read.Logits);
        Assert.False(read.Keep);
    }

    [Fact]
    public void Request_WithDefaultsInJson_KeepsTheSession()
    {
        const string Json = """{"model":"m","prompt_embeds":{"dtype":"float32","shape":[1,1],"data":"AAAAAA=="}}""";
        var read = JsonSerializer.Deserialize<CompletionRequest>(Json, StipJson.Wire)!;
        Assert.True(read.Keep);
        Assert.Null(read.Logits);
    }

    [Theory]
    [InlineData("position", "seven", "position")]
    [InlineData("top_k", "1e3", "top_k")]
    [InlineData("keep", "yes", "keep")]
    [InlineData("temperature", "hot", "temperature")]
    public void Request_WithAMalformedScalar_IsRefusedByName(string name, string value, string named)
    {
        var entry = new SafetensorsEntry("prompt_embeds", TensorDtype.Float32, [1, 1], 0, 4);
        var scalars = new Dictionary<string, string> { ["model"] = "m", [name] = value };
        byte[] body = [.. SafetensorsHeader.Format([entry], scalars), 0, 0, 0, 0];
        var thrown = Assert.Throws<InvalidDataException>(() => CompletionRequestCodec.Read(body));
        Assert.Contains($"'{named}'", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Response_WithFullRows_KeepsEveryField()
    {
        var response = Response(
            new LogitsPayload("float32", Shape: [1], Data: (byte[])[1, 2, 3, 4]),
            new LogitsPayload("float32", Shape: [1], Data: (byte[])[5, 6, 7, 8]));
        var read = RoundTrip(response);

        Assert.Equal(response with { Choices = read.Choices }, read);
        Assert.Equal([5, 6, 7, 8], read.Choices[1].Logits.Data!.Value.ToArray());
        Assert.Equal([1L], read.Choices[1].Logits.Shape!);
        Assert.Equal([null, "length"], read.Choices.Select(choice => choice.FinishReason));
    }

    [Fact]
    public void Response_WithTopK_KeepsEveryField()
    {
        var response = Response(
            new LogitsPayload("float32", [3, 1], [2.5f, 1f], 4.25),
            new LogitsPayload("float32", [0, 2], [9f, -1f], 10.5));
        var read = RoundTrip(response);

        Assert.Equal([0, 2], read.Choices[1].Logits.Indices!);
        Assert.Equal([2.5f, 1f], read.Choices[0].Logits.Values!);
        Assert.Equal([4.25, 10.5], read.Choices.Select(choice => choice.Logits.Logsumexp!.Value));
    }

    private static CompletionResponse Response(params LogitsPayload[] rows) => new(
        "cmpl_1", CompletionResponse.ObjectName, 1_700_000_000, "fables", "sess_1", 9,
        [.. rows.Select((row, i) => new CompletionChoice(i, row, i == rows.Length - 1 ? "length" : null))],
        new CompletionUsage(2, 7, 9));

    private static CompletionResponse RoundTrip(CompletionResponse response)
    {
        var output = new ArrayBufferWriter<byte>();
        CompletionResponseCodec.Write(output, response);
        return CompletionResponseCodec.Read(output.WrittenMemory);
    }
}
