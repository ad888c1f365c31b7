using System.Buffers;
using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Protocol;
using Stip.Protocol.Completions;

namespace Stip.Api.Tests.Endpoints;

/// <summary>Whatever comes, the answer is one of the contract's and the next user is served.</summary>
public sealed class HostileTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private const int Attempts = 2500;
    private const long MostGrowthBytes = 32 << 20;

    private static readonly string[] AnyJson =
    [
        "", "null", "[]", "{}", "5", "\"x\"", "{\"model\":null}", "{\"max_length\":1}",
        "{\"upload_ids\":[null]}", "{\"upload_ids\":null}",
        "{\"name\":null,\"scopes\":[null]}", "{\"name\":\"x\",\"scopes\":[\"infer\"],\"models\":[null]}",
        "{\"filename\":null,\"bytes\":1,\"purpose\":\"stip-package\",\"sha256\":null}",
        "{\"model\":\"tiny-encoder\",\"inputs\":null}",
        "{\"model\":\"tiny-encoder\",\"inputs\":{\"inputs_embeds\":null,\"token_type_ids\":null}}",
    ];

    // Not kept: what is answered by chance must not fill the slots.
    private static readonly CompletionRequest Good = Steps.Prefill(1, 2, new LogitsRequest(3)) with { Keep = false };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task SafetensorsBodies_DamagedAnywhere_NeverFailTheServer(int seed)
    {
        var random = new Random(seed);
        var good = Binary(Good);
        await AttackAsync(StipRoutes.SafetensorsMediaType, () => Damage(random, good));
    }

    [Fact]
    public async Task SafetensorsHeaders_ThatLie_NeverFailTheServer()
    {
        var random = new Random(3);
        await AttackAsync(StipRoutes.SafetensorsMediaType, () => LyingHeader(random));
    }

    [Fact]
    public async Task JsonBodies_DamagedAnywhere_NeverFailTheServer()
    {
        var random = new Random(4);
        var good = JsonSerializer.SerializeToUtf8Bytes(Good, StipJson.Wire);
        await AttackAsync("application/json", () => Damage(random, good));
    }

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/v1/uploads")]
    [InlineData("/v1/api_keys")]
    [InlineData("/v1/permuted/sessions")]
    [InlineData("/v1/permuted/forward")]
    public async Task OtherRoutes_GivenAnyJson_NeverFailTheServer(string path)
    {
        foreach (var body in AnyJson)
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await tiny.Server.Caller().SendAsync(HttpMethod.Post, path, content);
            Assert.InRange((int)response.StatusCode, 400, 499);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }
    }

    [Theory]
    [InlineData("/v1/models/..%2f..%2fetc%2fpasswd")]
    [InlineData("/v1/uploads/..%2f..%2fkeys")]
    [InlineData("/v1/permuted/sessions/%2e%2e")]
    [InlineData("/swagger/..%2fappsettings.json")]
    public async Task Paths_ThatClimb_FindNothing(string path)
    {
        using var response = await tiny.Server.Caller().SendAsync(HttpMethod.Get, path);
        Assert.InRange((int)response.StatusCode, 400, 499);
    }

    private async Task AttackAsync(string contentType, Func<byte[]> next)
    {
        var caller = tiny.Server.Caller();
        var before = 0L;
        for (var i = 0; i < Attempts; i++)
        {
            if (i == Attempts / 4)
            {
                before = GC.GetTotalMemory(forceFullCollection: true);
            }

            using var body = new ByteArrayContent(next());
            body.Headers.ContentType = new MediaTypeHeaderValue(contentType);
            using var response = await caller.SendAsync(HttpMethod.Post, StipRoutes.Completions, body);
            Assert.NotEqual(500, (int)response.StatusCode);
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, MostGrowthBytes);

        Assert.Equal(2, (await caller.StepAsync(Steps.Prefill(1, 2))).Position);
    }

    private static byte[] Damage(Random random, byte[] good)
    {
        var bad = good.ToArray();
        switch (random.Next(4))
        {
            case 0:
                return bad[..random.Next(bad.Length)];
            case 1:
                return [.. bad, .. good];
            default:
                // Structure stands at the front; damage there does more than in the numbers.
                for (var count = random.Next(1, 6); count > 0; count--)
                {
                    bad[random.Next(random.Next(1, bad.Length))] = (byte)random.Next(256);
                }

                return bad;
        }
    }

    private static byte[] LyingHeader(Random random)
    {
        long[] numbers = [-1, 0, 1, 2, 31, 32, 33, 128, 256, int.MaxValue, long.MaxValue, long.MinValue];
        long Pick() => numbers[random.Next(numbers.Length)];
        string[] names = ["prompt_embeds", "__metadata__", "logits", ""];
        string[] dtypes = ["F32", "F16", "BF16", "I64", "X"];
        var session = random.Next(2) == 0 ? "" : "sess_x";
        var header = $$$"""
            {"__metadata__":
            {"model":"tiny","position":"{{{Pick()}}}","session_id":"{{{session}}}","top_k":"{{{Pick()}}}"},
            "{{{names[random.Next(names.Length)]}}}":{"dtype":"{{{dtypes[random.Next(dtypes.Length)]}}}",
            "shape":[{{{Pick()}}},{{{Pick()}}}],"data_offsets":[{{{Pick()}}},{{{Pick()}}}]}}
            """;
        var json = Encoding.UTF8.GetBytes(header);
        var body = new byte[8 + json.Length + 256];
        BinaryPrimitives.WriteInt64LittleEndian(body, random.Next(10) == 0 ? Pick() : json.Length);
        json.CopyTo(body, 8);
        return body;
    }

    private static byte[] Binary(CompletionRequest request)
    {
        var body = new ArrayBufferWriter<byte>();
        CompletionRequestCodec.Write(body, request);
        return body.WrittenSpan.ToArray();
    }
}
