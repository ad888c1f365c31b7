namespace Stip.Protocol.Audit;

/// <summary>One administrative act. Nothing in it is a secret.</summary>
/// <param name="Id">Grows from act to act.</param>
/// <param name="Object">Always <see cref="ObjectName"/>.</param>
/// <param name="Type">One of <see cref="AuditEventTypes"/>.</param>
/// <param name="CreatedAt">Unix seconds.</param>
/// <param name="Actor">Id of the key that did it, or <c>server</c>.</param>
/// <param name="Subject">Id of the key, model or upload that it was done to.</param>
/// <param name="RequestId">Finds the request in the log; null where the server acted by itself.</param>
/// <param name="Details">What changed, by name.</param>
public sealed record AuditEventObject(
    string Id,
    string Object,
    string Type,
    long CreatedAt,
    string Actor,
    string Subject,
    string? RequestId = null,
    IReadOnlyDictionary<string, string>? Details = null)
{
    /// <summary>Value of <see cref="Object"/>.</summary>
    public const string ObjectName = "audit_event";
}
