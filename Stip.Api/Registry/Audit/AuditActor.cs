namespace Stip.Api.Registry.Audit;

/// <summary>Who acts: a key in a request, or the server by itself.</summary>
internal sealed record AuditActor(string KeyId, string? RequestId)
{
    public static AuditActor Server { get; } = new("server", null);
}
