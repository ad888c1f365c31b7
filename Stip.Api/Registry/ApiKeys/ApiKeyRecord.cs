namespace Stip.Api.Registry.ApiKeys;

/// <summary>An API key as it is stored: without its value.</summary>
internal sealed record ApiKeyRecord(
    string Id,
    string Name,
    string Sha256,
    string RedactedValue,
    IReadOnlyList<string> Scopes,
    DateTimeOffset CreatedAt,
    IReadOnlyList<string>? Models,
    DateTimeOffset? ExpiresAt)
{
    /// <summary>True where the key is good for this model.</summary>
    public bool Allows(string model) => Models is null || Models.Contains(model, StringComparer.Ordinal);
}
