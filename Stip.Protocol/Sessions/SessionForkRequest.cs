namespace Stip.Protocol.Sessions;

/// <summary>Body of <c>POST /v1/permuted/sessions/{id}/fork</c>: a new session that begins as an old one.</summary>
/// <param name="Position">Tokens that both share; null means all of the old one.</param>
/// <param name="MaxLength">Longest cache of the new one, in tokens; null means that of the old one.</param>
public sealed record SessionForkRequest(int? Position = null, int? MaxLength = null);
