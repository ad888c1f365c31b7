namespace Stip.Protocol.Completions;

/// <summary>Tokens of one step.</summary>
/// <param name="PromptTokens">Rows that this step appended.</param>
/// <param name="CachedTokens">Rows that were in the cache before.</param>
/// <param name="TotalTokens">Their sum.</param>
public sealed record CompletionUsage(int PromptTokens, int CachedTokens, int TotalTokens);
