using System.Text.Json;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>How many of the likeliest tokens are wanted beside each token; null for no log probabilities.</summary>
internal static class LogprobsField
{
    private const int MostOfChat = 20;
    private const int MostOfText = 5;
    private const string OfOutput = "message.output_text.logprobs";

    /// <summary>Chat: <c>logprobs: true</c> with <c>top_logprobs</c>.</summary>
    public static int? OfChat(RequestFields fields)
    {
        var top = fields.Integer("top_logprobs", 0, MostOfChat);
        var isWanted = fields.Flag("logprobs");
        return top > 0 && !isWanted
            ? throw OpenAiException.Invalid("'top_logprobs' needs 'logprobs': true", "top_logprobs")
            : isWanted ? top ?? 0 : null;
    }

    /// <summary>Responses: an item of <c>include</c>, with <c>top_logprobs</c>.</summary>
    public static int? OfResponse(RequestFields fields)
    {
        var top = fields.Integer("top_logprobs", 0, MostOfChat);
        var isWanted = fields.Texts("include").Contains(OfOutput);
        return top > 0 && !isWanted
            ? throw OpenAiException.Invalid($"'top_logprobs' needs '{OfOutput}' in 'include'", "top_logprobs")
            : isWanted ? top ?? 0 : null;
    }

    /// <summary>Whether <c>include</c> names nothing but these and what models without hidden reasoning never
    /// give.</summary>
    public static bool AsksForThese(JsonElement include) => include.ValueKind == JsonValueKind.Array
        && include.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String
            && item.GetString() is OfOutput or "reasoning.encrypted_content");

    /// <summary>Text: <c>logprobs</c> is the number.</summary>
    public static int? OfText(RequestFields fields) =>
        fields.Find("logprobs") is { ValueKind: JsonValueKind.False }
            ? null
            : fields.Integer("logprobs", 0, MostOfText);
}
