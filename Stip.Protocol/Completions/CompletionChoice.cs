using System.Text.Json.Serialization;

namespace Stip.Protocol.Completions;

/// <summary>The logits of one wanted row.</summary>
/// <param name="Index">Counts the wanted rows from 0: with <c>rows: "all"</c> the row itself.</param>
/// <param name="Logits">Permuted logits.</param>
/// <param name="FinishReason">Null, or <c>length</c> when the session is full.</param>
public sealed record CompletionChoice(
    int Index,
    LogitsPayload Logits,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason)
{
    /// <summary>The session is full.</summary>
    public const string Length = "length";
}
