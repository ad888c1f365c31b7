using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The tokens that texts begin and end with, as the field <c>post_processor</c> says it.</summary>
internal static class TextFrame
{
    /// <param name="tokens">Has their ids.</param>
    /// <param name="before">Begin every text.</param>
    /// <param name="after">End every text.</param>
    public static JsonObject Describe(TokenList tokens, IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var special = new JsonObject();
        foreach (var token in before.Concat(after).Distinct())
        {
            special[token] = new JsonObject
            {
                ["id"] = token,
                ["ids"] = new JsonArray(tokens.IdOf(token)),
                ["tokens"] = new JsonArray(token),
            };
        }

        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. before.Select(Token), Part("Sequence", "A"), .. after.Select(Token)]),
            ["pair"] = new JsonArray(
                [.. before.Select(Token), Part("Sequence", "A"), Part("Sequence", "B"), .. after.Select(Token)]),
            ["special_tokens"] = special,
        };
    }

    private static JsonNode Token(string text) => Part("SpecialToken", text);

    private static JsonObject Part(string kind, string id) =>
        new() { [kind] = new JsonObject { ["id"] = id, ["type_id"] = 0 } };
}
