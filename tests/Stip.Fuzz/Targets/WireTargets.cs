using System.Buffers;
using System.Text.Json;
using Stip.Api.Engine;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Fuzz.Targets;

/// <summary>What crosses the wire.</summary>
internal static class WireTargets
{
    private const int Hidden = 4;

    private static readonly DecoderSnapshot Decoder = new(
        "m", "none", Hidden, 16, 64, 8, TensorDtype.Float32, TensorDtype.Float32, TensorDtype.Float32,
        new CacheManifest("shared", 1, 1, 8));

    private static readonly DecoderSnapshot Pair = Decoder with
    {
        Cache = new CacheManifest("growing", 1, 1, 8),
        Sequence = new SequenceSnapshot("none", "none", 32, []),
    };

    private static readonly CompletionRequest[] Requests =
    [
        new("m", new TensorPayload("float32", [2, Hidden], new byte[2 * Hidden * sizeof(float)]), "sess_1", 5,
            new LogitsRequest(4, LogitsRequest.All, 0.5), 32, false),
        new("m", new TensorPayload("bfloat16", [1, Hidden], new byte[Hidden * 2]), Logits: new LogitsRequest(null)),
        new("m", new TensorPayload("float16", [1, Hidden], new byte[Hidden * 2]))
        {
            EncoderInputsEmbeds = new TensorPayload("float32", [3, Hidden], new byte[3 * Hidden * sizeof(float)]),
        },
    ];

    public static FuzzTarget SafetensorsHeader() => new(
        "safetensors-header", [.. Requests.Select(Bytes)],
        input => Protocol.Tensors.SafetensorsHeader.Read(input), typeof(InvalidDataException));

    public static FuzzTarget RequestSafetensors() => new(
        "request-safetensors", [.. Requests.Select(Bytes)], input => Judge(CompletionRequestCodec.Read(input)),
        typeof(InvalidDataException));

    public static FuzzTarget RequestJson() => new(
        "request-json", [.. Requests.Select(request => JsonSerializer.SerializeToUtf8Bytes(request, StipJson.Wire))],
        input => Judge(JsonSerializer.Deserialize<CompletionRequest>(input, StipJson.Wire)), typeof(JsonException));

    /// <summary>Messages of one connection, one behind the other, each a file of its own.</summary>
    public static FuzzTarget StreamSteps()
    {
        var said = new StickyFields();
        byte[] both = [.. Bytes(Requests[0], said), .. Bytes(Requests[1], said), .. Bytes(Requests[0], said)];
        return new FuzzTarget("stream-steps", [both], ReadMessages, typeof(InvalidDataException));
    }

    public static FuzzTarget AnswerSafetensors()
    {
        var topK = new LogitsPayload("float32", [3, 1], [2f, 1f], 2.5);
        var full = new LogitsPayload("float32", Shape: [4], Data: new byte[16]);
        var answers = new[] { topK, full }.Select(logits =>
        {
            var body = new ArrayBufferWriter<byte>();
            CompletionResponseCodec.Write(body, new CompletionResponse(
                "cmpl_1", CompletionResponse.ObjectName, 1, "m", "sess_1", 6,
                [new CompletionChoice(0, logits, "length")], new CompletionUsage(1, 5, 6)));
            return body.WrittenSpan.ToArray();
        });
        return new FuzzTarget(
            "answer-safetensors", [.. answers], input => CompletionResponseCodec.Read(input),
            typeof(InvalidDataException));
    }

    private static void ReadMessages(byte[] input)
    {
        var said = new StickyFields();
        for (var at = 0; at < input.Length;)
        {
            var rest = input.AsMemory(at);
            var header = Protocol.Tensors.SafetensorsHeader.Read(rest.Span);
            var request = CompletionRequestCodec.Read(header, said);
            var rows = header.Entries[CompletionFields.PromptEmbeds];
            var start = (int)(header.DataOffset + rows.Offset);
            Judge(request with
            {
                PromptEmbeds = request.PromptEmbeds with { Data = rest.Slice(start, (int)rows.ByteLength) },
            });
            at += start + (int)rows.ByteLength;
        }
    }

    // As the server does; refusals are values from here on.
    private static void Judge(CompletionRequest? request)
    {
        if (request is not null
            && StepDeclaration.Judge(
                request.EncoderInputsEmbeds is null ? Decoder : Pair, request, new EngineOptions())
                .Is(out var declaration, out _)
            && ValidStep.Judge(
                declaration, request.PromptEmbeds.Data.Span, (request.EncoderInputsEmbeds?.Data ?? default).Span)
                .Is(out var step, out _))
        {
            step.Dispose();
        }
    }

    private static byte[] Bytes(CompletionRequest request) => Bytes(request, null);

    private static byte[] Bytes(CompletionRequest request, StickyFields? said)
    {
        var body = new ArrayBufferWriter<byte>();
        CompletionRequestCodec.Write(body, request, said);
        return body.WrittenSpan.ToArray();
    }
}
