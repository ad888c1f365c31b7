namespace Stip.Protocol.Audit;

/// <summary>A page of the audit log, newest first, in OpenAI's list shape.</summary>
/// <param name="Object">Always <c>list</c>.</param>
/// <param name="Data">The events.</param>
/// <param name="HasMore">True where older ones follow: ask again with <c>after</c> = <paramref name="LastId"/>.</param>
/// <param name="FirstId">Id of the newest one here; null on an empty page.</param>
/// <param name="LastId">Id of the oldest one here; null on an empty page.</param>
public sealed record AuditPage(
    string Object, IReadOnlyList<AuditEventObject> Data, bool HasMore, string? FirstId = null, string? LastId = null);
