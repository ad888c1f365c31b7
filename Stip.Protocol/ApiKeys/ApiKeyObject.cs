namespace Stip.Protocol.ApiKeys;

/// <summary>An API key as the server shows it.</summary>
/// <param name="Id">Id to revoke it by.</param>
/// <param name="Object">Always <see cref="ObjectName"/>.</param>
/// <param name="Name">For people.</param>
/// <param name="RedactedValue">Enough of the value to recognise it.</param>
/// <param name="Scopes">Some of <see cref="ApiKeyScopes.All"/>.</param>
/// <param name="CreatedAt">Unix seconds.</param>
/// <param name="Models">The models that it is good for; null for all.</param>
/// <param name="ExpiresAt">Unix seconds; null for never.</param>
/// <param name="LastUsedAt">Unix seconds; null where it was not used since the server started.</param>
/// <param name="Value">The secret, in the answer that made it and never again.</param>
/// <param name="Limits">Limits of this key; null for the server's own.</param>
/// <param name="PreviousValueExpiresAt">Unix seconds until which a value from before the last rotation is good; null
/// where there is none.</param>
public sealed record ApiKeyObject(
    string Id,
    string Object,
    string Name,
    string RedactedValue,
    IReadOnlyList<string> Scopes,
    long CreatedAt,
    IReadOnlyList<string>? Models = null,
    long? ExpiresAt = null,
    long? LastUsedAt = null,
    string? Value = null,
    ApiKeyLimits? Limits = null,
    long? PreviousValueExpiresAt = null)
{
    /// <summary>Value of <see cref="Object"/>.</summary>
    public const string ObjectName = "api_key";
}
