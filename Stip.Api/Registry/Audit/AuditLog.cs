using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Stip.Api.Registry.Database;
using Stip.Protocol;
using Stip.Protocol.Audit;

namespace Stip.Api.Registry.Audit;

/// <summary>What was done to keys, models and uploads, and by whom: appended to, never changed.</summary>
internal sealed class AuditLog(RegistryDatabase database, TimeProvider clock, ILogger<AuditLog> log)
{
    private const string Prefix = "audit_";

    /// <summary>Appends an act that is done already. Where the database cannot take it, it goes to the server's log
    /// instead: what is done cannot be refused any more.</summary>
    public async Task AppendAsync(AuditAct act)
    {
        try
        {
            await using var context = database.Open();
            context.AuditEvents.Add(act.ToRow(clock.GetUtcNow()));
            await context.SaveChangesAsync();
        }
        // A provider may wrap a passing fault in InvalidOperationException.
        catch (Exception e) when (
            e is DbUpdateException or DbException or InvalidOperationException or TimeoutException)
        {
            log.LogError(
                "The audit log could not take {Type} of {Subject} by {Actor}, {RequestId}: {Fault}",
                act.Type, act.Subject, act.Actor.KeyId, act.Actor.RequestId, e.GetBaseException().GetType().Name);
        }
    }

    /// <summary>The newest events, or those before one.</summary>
    /// <param name="after">Id of the last event of the page before; null for the first page.</param>
    /// <param name="limit">Most events.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Null where <paramref name="after"/> is not the id of an event.</returns>
    public async Task<AuditPage?> PageAsync(string? after, int limit, CancellationToken cancellation)
    {
        if (!TryParse(after, out var before))
        {
            return null;
        }

        await using var context = database.Open();
        var rows = await context.AuditEvents.AsNoTracking().Where(row => row.Id < before)
            .OrderByDescending(row => row.Id).Take(limit + 1).ToListAsync(cancellation);
        var shown = rows.Take(limit).Select(ToObject).ToArray();
        return new AuditPage(
            "list", shown, rows.Count > limit, shown.FirstOrDefault()?.Id, shown.LastOrDefault()?.Id);
    }

    private static bool TryParse(string? id, out long number)
    {
        number = long.MaxValue;
        return id is null || (id.StartsWith(Prefix, StringComparison.Ordinal)
            && long.TryParse(id.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out number));
    }

    private static AuditEventObject ToObject(AuditRow row) => new(
        Prefix + row.Id.ToString(CultureInfo.InvariantCulture), AuditEventObject.ObjectName, row.Type, row.CreatedAt,
        row.Actor, row.Subject, row.RequestId,
        row.Details is null
            ? null
            : JsonSerializer.Deserialize<Dictionary<string, string>>(row.Details, StipJson.Wire));
}
