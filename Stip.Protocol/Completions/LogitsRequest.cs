namespace Stip.Protocol.Completions;

/// <summary>Which logits a step asks for.</summary>
/// <param name="TopK">The largest so many of each row with their log-sum-exp; null for full rows.</param>
/// <param name="Rows"><c>last</c> (default) or <c>all</c>.</param>
/// <param name="Temperature">Divides the logits inside log-sum-exp only; above 0, default 1.</param>
public sealed record LogitsRequest(int? TopK = null, string Rows = "last", double Temperature = 1);
