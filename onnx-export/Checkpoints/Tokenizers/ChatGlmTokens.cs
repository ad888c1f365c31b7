using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>ChatGLM 2 and 3: commands stand after the pieces, and two of them before every text.</summary>
internal static class ChatGlmTokens
{
    private static readonly string[] Beginning = ["[gMASK]", "sop"];

    public static string[] Names { get; } =
    [
        "[MASK]", "[gMASK]", "[sMASK]", "sop", "eop", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>",
    ];

    public static void Begin(JsonObject tokenizer, TokenList tokens)
    {
        var frame = tokenizer["post_processor"]!;
        foreach (var (name, place) in Beginning.Select((name, place) => (name, place)))
        {
            foreach (var side in new[] { "single", "pair" })
            {
                frame[side]!.AsArray().Insert(place, new JsonObject
                {
                    ["SpecialToken"] = new JsonObject { ["id"] = name, ["type_id"] = 0 },
                });
            }

            frame["special_tokens"]![name] = new JsonObject
            {
                ["id"] = name,
                ["ids"] = new JsonArray(tokens.IdOf(name)),
                ["tokens"] = new JsonArray(name),
            };
        }
    }
}
