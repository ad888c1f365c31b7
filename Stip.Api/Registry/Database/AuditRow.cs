namespace Stip.Api.Registry.Database;

/// <summary>A row of <c>audit_events</c>, which the database itself keeps from being changed.</summary>
internal sealed class AuditRow
{
    public long Id { get; init; }

    public required string Type { get; init; }

    public required long CreatedAt { get; init; }

    public required string Actor { get; init; }

    public required string Subject { get; init; }

    public string? RequestId { get; init; }

    /// <summary>A JSON object of texts.</summary>
    public string? Details { get; init; }
}
