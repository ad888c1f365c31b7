using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Completions;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;
using Stip.Protocol.Tensors;
using Stip.Protocol.Uploads;

namespace Stip.Api.Tests.Endpoints;

/// <summary>Ten thousand requests that are well made and mean harm, of every kind, in both forms: each is refused by
/// its code, none is a fault of the server, and nothing grows.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class HostileKindsTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private const int Attempts = 10_000;
    private const int Attackers = 4;

    private static readonly TensorDtype[] Floats = [TensorDtype.Float32, TensorDtype.Float16, TensorDtype.BFloat16];

    private static readonly byte[] Bomb = Zip(new byte[4 << 20]);
    private static readonly string[] Climbing =
        ["../x", "..\\x", "/etc/passwd", "a/../../b", "C:\\x", "a\0b", "./model.onnx", "a//b", "..", "~/x", "%2e%2e/x"];

    private static readonly long[] Numbers =
        [-1, 0, 31, 33, 97, int.MaxValue, int.MinValue, 1L << 40, long.MaxValue, long.MinValue];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_OfEveryHostileKind_AreRefusedByNameAndNothingGrows()
    {
        var admin = tiny.Server.Caller();
        var key = await admin.PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys,
            new ApiKeyCreateRequest("attacker", [ApiKeyScopes.Infer, ApiKeyScopes.ModelsWrite]));
        // Of somebody else, and to be left as it is.
        var foreign = await admin.StepAsync(Steps.Prefill(1, 3));
        var watch = new MemoryWatch(Attempts);
        var seen = new int[Kinds.Length];
        var attackers = Enumerable.Range(0, Attackers).Select(attacker => Task.Run(async () =>
        {
            var random = new Random(attacker);
            var caller = tiny.Server.Caller(key.Value);
            for (var i = attacker; i < Attempts; i += Attackers)
            {
                if (attacker == 0)
                {
                    watch.Tick(i);
                }

                var kind = i / Attackers % Kinds.Length;
                Interlocked.Increment(ref seen[kind]);
                using var answer = await Kinds[kind].SendAsync(caller, random, foreign);
                Assert.True(
                    IsRefusal((int)answer.StatusCode),
                    $"{Kinds[kind].Name} was answered with {(int)answer.StatusCode}: "
                        + await answer.Content.ReadAsStringAsync(Cancellation));
            }
        }, Cancellation));
        await Task.WhenAll(attackers);

        watch.AssertFlat();
        Assert.All(seen, count => Assert.True(count >= Attempts / Kinds.Length - Attackers));
        Assert.Empty((await tiny.Server.Caller(key.Value).GetAsync<ListObject<SessionObject>>(
            StipRoutes.Sessions)).Data);
        Assert.Equal(4, (await admin.StepAsync(Steps.Next(foreign, 1))).Position);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(tiny.Server.DataDirectory, "uploads")));
    }

    private static readonly Kind[] Kinds =
    [
        new("shape", (caller, random, _) => StepAsync(caller, random, Good(random) with
        {
            PromptEmbeds = new TensorPayload("float32", [random.Next(2, 9), 31], new byte[random.Next(1, 9) * 124]),
        })),
        new("dtype", (caller, random, _) => StepAsync(caller, random, Good(random) with
        {
            PromptEmbeds = new TensorPayload("int64", [1, 32], new byte[256]),
        })),
        new("length", (caller, random, _) => StepAsync(caller, random, Good(random) with
        {
            PromptEmbeds = Steps.Rows(1, 0, TinyDecoder.ContextLength + 1 + random.Next(8)),
        })),
        new("NaN", (caller, random, _) => StepAsync(caller, random, Good(random) with
        {
            PromptEmbeds = Steps.Filled(float.NaN, Floats[random.Next(Floats.Length)]),
        })),
        new("infinity", (caller, random, _) => StepAsync(caller, random, Good(random) with
        {
            PromptEmbeds = Steps.Filled(
                random.Next(2) == 0 ? float.PositiveInfinity : float.NegativeInfinity,
                Floats[random.Next(Floats.Length)]),
        })),
        new("position", (caller, random, foreign) => StepAsync(caller, random, Good(random) with
        {
            SessionId = random.Next(2) == 0 ? null : foreign.SessionId,
            Position = random.Next(2) == 0 ? -1 - random.Next(int.MaxValue) : 1 + random.Next(int.MaxValue - 1),
        })),
        new("foreign session", (caller, random, foreign) => random.Next(4) switch
        {
            0 => StepAsync(caller, random, Steps.Next(foreign, 1)),
            1 => caller.PostAsync($"{StipRoutes.Sessions}/{foreign.SessionId}/fork", new SessionForkRequest()),
            2 => caller.SendAsync(HttpMethod.Delete, $"{StipRoutes.Sessions}/{foreign.SessionId}"),
            _ => caller.SendAsync(HttpMethod.Get, $"{StipRoutes.Sessions}/{foreign.SessionId}"),
        }),
        new("deep JSON", (caller, random, _) => RawAsync(
            caller, random.Next(2) == 0 ? StipRoutes.Completions : StipRoutes.Forward, MediaTypeNames.Json,
            Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(
                random.Next(2) == 0 ? "[" : "{\"inputs\":", random.Next(100, 3000)))))),
        new("numbers", (caller, random, _) => RawAsync(caller, StipRoutes.Completions, MediaTypeNames.Json,
            Encoding.UTF8.GetBytes($$$"""
            {"model":"tiny","session_id":"sess_x","position":{{{Pick(random)}}},"max_length":{{{Pick(random)}}},
            "logits":{"top_k":{{{Pick(random)}}}},
            "prompt_embeds":{"dtype":"float32","shape":[{{{Pick(random)}}},{{{Pick(random)}}}],"data":"AAAA"}}
            """))),
        new("lying header", (caller, random, _) => RawAsync(
            caller, StipRoutes.Completions, StipRoutes.SafetensorsMediaType,
            HostileBytes.LyingHeader(random, "tiny", "prompt_embeds", "logits", "__metadata__"))),
        new("bomb", async (caller, random, _) =>
        {
            using var body = new ByteArrayContent(Bomb);
            body.Headers.ContentType = new MediaTypeHeaderValue(MediaTypeNames.Json);
            body.Headers.ContentEncoding.Add("gzip");
            return await caller.SendAsync(
                HttpMethod.Post, random.Next(2) == 0 ? StipRoutes.Completions : StipRoutes.Uploads, body);
        }),
        new("climbing name", (caller, random, _) => random.Next(3) switch
        {
            0 => caller.PostAsync(StipRoutes.Uploads, new UploadCreateRequest(
                Climbing[random.Next(Climbing.Length)], 3, UploadCreateRequest.StipPackage, new string('a', 64))),
            // A zero in a path is refused by the server's own reader, and by that of the tests before it is sent.
            1 => caller.SendAsync(HttpMethod.Get, StipRoutes.Models + "/" + Uri.EscapeDataString(
                Climbing[random.Next(Climbing.Length)].Replace('\0', '_'))),
            _ => StepAsync(caller, random, Good(random) with { Model = Climbing[random.Next(Climbing.Length)] }),
        }),
    ];

    private static CompletionRequest Good(Random random) =>
        Steps.Prefill(random.Next(100), 1, new LogitsRequest(3)) with { Keep = false };

    private static long Pick(Random random) => Numbers[random.Next(Numbers.Length)];

    private static async Task<HttpResponseMessage> StepAsync(
        ApiCaller caller, Random random, CompletionRequest request)
    {
        using HttpContent body = random.Next(2) == 0
            ? Steps.Safetensors(request)
            : new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, StipJson.Wire))
            {
                Headers = { ContentType = new MediaTypeHeaderValue(MediaTypeNames.Json) },
            };
        return await caller.SendAsync(HttpMethod.Post, StipRoutes.Completions, body);
    }

    private static async Task<HttpResponseMessage> RawAsync(
        ApiCaller caller, string path, string mediaType, byte[] bytes)
    {
        using var body = new ByteArrayContent(bytes);
        body.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return await caller.SendAsync(HttpMethod.Post, path, body);
    }

    private static byte[] Zip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var pack = new GZipStream(packed, CompressionLevel.Optimal))
        {
            pack.Write(bytes);
        }

        return packed.ToArray();
    }

    private static class MediaTypeNames
    {
        public const string Json = "application/json";
    }

    // Refused, or nothing of that name; never taken and never a fault.
    private static bool IsRefusal(int status) => status is >= 400 and < 500 and not 429 and not 409;

    private sealed record Kind(
        string Name, Func<ApiCaller, Random, CompletionResponse, Task<HttpResponseMessage>> SendAsync);
}
