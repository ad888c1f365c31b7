using System.Text.Json;
using Stip.Protocol;

namespace Stip.Gateway.Terminal;

/// <summary>What <c>--json</c> prints of several answers.</summary>
internal sealed record ChoicesDocument(
    IReadOnlyList<ChoicesDocument.ChoiceDocument> Choices,
    AnswerDocument.UsageDocument Usage,
    int Rounds,
    long BytesSent,
    long BytesReceived)
{
    public string ToJson() => JsonSerializer.Serialize(this, StipJson.Wire);

    /// <param name="Text">What it says.</param>
    /// <param name="TokenIds">Generated only.</param>
    /// <param name="FinishReason">As of one answer.</param>
    /// <param name="Score">Of beam search; else null.</param>
    internal sealed record ChoiceDocument(
        string Text, IReadOnlyList<int> TokenIds, string FinishReason, double? Score = null);
}
