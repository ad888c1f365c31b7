namespace Stip.Api.Engine;

/// <summary>A session as it was when somebody asked.</summary>
internal sealed record SessionSnapshot(
    string Id, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, int CachedTokens, int MaxLength)
{
    public static SessionSnapshot Of(SessionState session) => new(
        session.Id, session.CreatedAt, session.ExpiresAt, session.CachedTokens, session.MaxLength);
}
