using System.Text.Json;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Protocol;
using Stip.Protocol.Forward;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Fuzz.Targets;

/// <summary>Passes of graphs without a cache.</summary>
internal static class ForwardTargets
{
    private const int Hidden = 4;

    private static readonly GraphManifest Graph = new(
        "model.onnx",
        [
            new("inputs_embeds", "float32", Shape("\"batch\"", "\"seq\"", "4")),
            new("attention_mask", "int64", Shape("\"batch\"", "\"seq\"")),
        ],
        [new("last_hidden_state", "float32", Shape("\"batch\"", "\"seq\"", "4"))]);

    private static readonly ForwardRequest Request = new(
        "m",
        new Dictionary<string, TensorPayload>
        {
            ["inputs_embeds"] = new("bfloat16", [2, 3, Hidden], new byte[2 * 3 * Hidden * 2]),
            ["attention_mask"] = new("int64", [2, 3], new byte[2 * 3 * sizeof(long)]),
        },
        "encoder");

    public static FuzzTarget RequestSafetensors() => new(
        "forward-safetensors", [ForwardCodec.Write(Request)], input => Judge(ForwardCodec.ReadRequest(input)),
        typeof(InvalidDataException));

    public static FuzzTarget RequestJson() => new(
        "forward-json", [JsonSerializer.SerializeToUtf8Bytes(Request, StipJson.Wire)],
        input => Judge(JsonSerializer.Deserialize<ForwardRequest>(input, StipJson.Wire)), typeof(JsonException));

    public static FuzzTarget AnswerSafetensors() => new(
        "forward-answer-safetensors",
        [
            ForwardCodec.Write(new ForwardResponse(
                "fwd_1", ForwardResponse.ObjectName, "m", new Dictionary<string, TensorPayload>
                {
                    ["last_hidden_state"] = new("float16", [1, 2, Hidden], new byte[2 * Hidden * 2]),
                })),
        ],
        input => ForwardCodec.ReadResponse(input), typeof(InvalidDataException));

    // As the server does; refusals are values from here on.
    private static void Judge(ForwardRequest? request)
    {
        if (request is not null && ValidInputs.Judge(Graph, request.Inputs).Is(out var inputs, out _)
            && (PassMemory.Bytes(Graph, inputs, Hidden) <= 0 || BatchAxis.Rows(inputs) < 1))
        {
            throw new InvalidOperationException("a pass without rows was judged good");
        }
    }

    private static JsonElement[] Shape(params string[] axes) =>
        [.. axes.Select(axis => JsonDocument.Parse(axis).RootElement.Clone())];
}
