namespace Stip.Protocol.Completions;

/// <summary>Answer of <c>POST /v1/permuted/completions</c>.</summary>
/// <param name="Id">Id of this step.</param>
/// <param name="Object">Always <c>permuted.completion</c>.</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="Model">Id of the model.</param>
/// <param name="SessionId">The session to go on with; null when it was not kept.</param>
/// <param name="Position">Cache length after the step.</param>
/// <param name="Choices">One for each wanted row, in order.</param>
/// <param name="Usage">Tokens counted.</param>
public sealed record CompletionResponse(
    string Id,
    string Object,
    long Created,
    string Model,
    string? SessionId,
    int Position,
    IReadOnlyList<CompletionChoice> Choices,
    CompletionUsage Usage);

/// <summary>The logits of one row.</summary>
/// <param name="Index">Which of the rows sent, from 0.</param>
/// <param name="Logits">Permuted logits.</param>
/// <param name="FinishReason">Null, or <c>length</c> when the session is full.</param>
public sealed record CompletionChoice(int Index, LogitsPayload Logits, string? FinishReason);

/// <summary>Tokens of one step.</summary>
/// <param name="PromptTokens">Rows that this step appended.</param>
/// <param name="CachedTokens">Rows that were in the cache before.</param>
/// <param name="TotalTokens">Their sum.</param>
public sealed record CompletionUsage(int PromptTokens, int CachedTokens, int TotalTokens);
