namespace Stip.Api.Engine;

/// <summary>One session. Owned by its model's loop.</summary>
internal sealed class SessionState(string id, string owner, ICache cache, int maxLength, DateTimeOffset createdAt)
{
    public string Id => id;

    /// <summary>Id of the API key that opened it.</summary>
    public string Owner => owner;

    public ICache Cache => cache;

    public int MaxLength => maxLength;

    public DateTimeOffset CreatedAt => createdAt;

    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary>Tokens that count.</summary>
    public int CachedTokens { get; set; }

    /// <summary>Tokens that were ever written, a rewind notwithstanding: what must be zeroed.</summary>
    public int TouchedTokens { get; set; }
}
