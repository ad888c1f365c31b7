using System.Text.Json;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>How many of the likeliest tokens are wanted beside each token; null for no log probabilities.</summary>
internal static class LogprobsField
{
    private const int MostOfChat = 20;
    private const int MostOfText = 5;

    /// <summary>Chat: <c>logprobs: true</c> with <c>top_logprobs</c>.</summary>
    public static int? OfChat(RequestFields fields)
    {
        var top = fields.Integer("top_logprobs", 0, MostOfChat);
        var isWanted = fields.Flag("logprobs");
        return top > 0 && !isWanted
            ? throw OpenAiException.Invalid("'top_logprobs' needs 'logprobs': true", "top_logprobs")
            : isWanted ? top ?? 0 : null;
    }

    /// <summary>Text: <c>logprobs</c> is the number.</summary>
    public static int? OfText(RequestFields fields) =>
        fields.Find("logprobs") is { ValueKind: JsonValueKind.False }
            ? null
            : fields.Integer("logprobs", 0, MostOfText);
}
