using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The tokens that texts begin and end with, and what stands between two of them, as the field
/// <c>post_processor</c> says it. Tokens that there are not are left out.</summary>
internal static class TextFrame
{
    /// <param name="tokens">Has their ids.</param>
    /// <param name="before">Begin every text.</param>
    /// <param name="after">End every text.</param>
    /// <param name="between">Stand between the two of a pair.</param>
    /// <param name="secondType">Segment of the second of a pair, and of what ends it.</param>
    public static JsonObject Describe(
        TokenList tokens,
        IEnumerable<string> before,
        IEnumerable<string> after,
        IEnumerable<string>? between = null,
        int secondType = 0)
    {
        string[] first = [.. before.Where(IsKnown)];
        string[] middle = [.. (between ?? []).Where(IsKnown)];
        string[] last = [.. after.Where(IsKnown)];
        var special = new JsonObject();
        foreach (var token in first.Concat(middle).Concat(last).Distinct())
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
            ["single"] = new JsonArray([.. Tokens(first), Part("Sequence", "A"), .. Tokens(last)]),
            ["pair"] = new JsonArray([
                .. Tokens(first), Part("Sequence", "A"), .. Tokens(middle), Part("Sequence", "B", secondType),
                .. Tokens(last, secondType)]),
            ["special_tokens"] = special,
        };

        bool IsKnown(string token) => tokens.IdOf(token) is not null;
    }

    private static IEnumerable<JsonNode> Tokens(string[] texts, int type = 0) =>
        texts.Select(text => Part("SpecialToken", text, type));

    private static JsonObject Part(string kind, string id, int type = 0) =>
        new() { [kind] = new JsonObject { ["id"] = id, ["type_id"] = type } };
}
