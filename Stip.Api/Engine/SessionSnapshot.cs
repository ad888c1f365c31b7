namespace Stip.Api.Engine;

/// <summary>A session as it was when somebody asked.</summary>
internal sealed record SessionSnapshot(
    string Id, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, int CachedTokens, int MaxLength)
{
    public static SessionSnapshot Of(SessionState session, DateTimeOffset expiresAt) =>
        new(session.Id, session.CreatedAt, expiresAt, session.CachedTokens, session.MaxLength);
}
