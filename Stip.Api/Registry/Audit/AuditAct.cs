using System.Text.Json;
using Stip.Api.Registry.Database;
using Stip.Protocol;

namespace Stip.Api.Registry.Audit;

/// <summary>An administrative act as it goes to the log. Details must not hold a secret.</summary>
/// <param name="Type">One of <see cref="Protocol.Audit.AuditEventTypes"/>.</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Subject">Id of what it was done to.</param>
/// <param name="Details">Names and texts; nulls are left out.</param>
internal sealed record AuditAct(
    string Type, AuditActor Actor, string Subject, params (string Name, string? Text)[] Details)
{
    public AuditRow ToRow(DateTimeOffset at)
    {
        var details = Details.Where(detail => detail.Text is not null)
            .ToDictionary(detail => detail.Name, detail => detail.Text);
        return new AuditRow
        {
            Type = Type,
            CreatedAt = at.ToUnixTimeSeconds(),
            Actor = Actor.KeyId,
            Subject = Subject,
            RequestId = Actor.RequestId,
            Details = details.Count == 0 ? null : JsonSerializer.Serialize(details, StipJson.Wire),
        };
    }
}
