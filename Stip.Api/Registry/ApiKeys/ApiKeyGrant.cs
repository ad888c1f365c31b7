namespace Stip.Api.Registry.ApiKeys;

/// <summary>What a presented value stands for: a key, by one of its secrets.</summary>
internal sealed record ApiKeyGrant(ApiKeyRecord Key, ApiKeySecret Secret)
{
    /// <summary>When it ends by itself; null for never.</summary>
    public DateTimeOffset? EndsAt =>
        Key.ExpiresAt is { } expires && !(Secret.GoodUntil < expires) ? expires : Secret.GoodUntil;
}
