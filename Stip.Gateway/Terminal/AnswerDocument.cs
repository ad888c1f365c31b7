using System.Text.Json;
using Stip.Client.Generation;
using Stip.Protocol;

namespace Stip.Gateway.Terminal;

/// <summary>What <c>--json</c> prints of an answer.</summary>
internal sealed record AnswerDocument(
    string Text,
    IReadOnlyList<int> TokenIds,
    string FinishReason,
    AnswerDocument.UsageDocument Usage,
    int Rounds,
    long BytesSent,
    long BytesReceived)
{
    public static AnswerDocument Of(string text, IReadOnlyList<int> tokenIds, GeneratedToken last)
    {
        var usage = last.Usage!;
        return new(
            text,
            tokenIds,
            Reason(last.FinishReason),
            new(usage.PromptTokens, usage.CompletionTokens, usage.PromptTokens + usage.CompletionTokens),
            usage.Rounds,
            usage.BytesSent,
            usage.BytesReceived);
    }

    public static string Reason(FinishReason? reason) =>
        reason == Client.Generation.FinishReason.Length ? "length" : "stop";

    public string ToJson() => JsonSerializer.Serialize(this, StipJson.Wire);

    internal sealed record UsageDocument(int PromptTokens, int CompletionTokens, int TotalTokens);
}
