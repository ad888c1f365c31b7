using Stip.Protocol.ApiKeys;

namespace Stip.Api.Registry.ApiKeys;

/// <summary>An API key as it is stored: without its values.</summary>
/// <param name="Id">What sessions, uploads and logs name it by; rotation leaves it.</param>
/// <param name="Name">For people.</param>
/// <param name="Secrets">The value in force, then those before it that are still good.</param>
/// <param name="Scopes">Some of <see cref="ApiKeyScopes.All"/>.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Models">Null for all.</param>
/// <param name="ExpiresAt">Null for never.</param>
/// <param name="Limits">Null for the server's own.</param>
internal sealed record ApiKeyRecord(
    string Id,
    string Name,
    IReadOnlyList<ApiKeySecret> Secrets,
    IReadOnlyList<string> Scopes,
    DateTimeOffset CreatedAt,
    IReadOnlyList<string>? Models,
    DateTimeOffset? ExpiresAt,
    ApiKeyLimits? Limits)
{
    /// <summary>True where the key is good for this model.</summary>
    public bool Allows(string model) => Models is null || Models.Contains(model, StringComparer.Ordinal);

    /// <summary>True where the key is good for all of these; null means every model.</summary>
    public bool AllowsAll(IReadOnlyList<string>? models) => Models is null || (models?.All(Allows) ?? false);
}
