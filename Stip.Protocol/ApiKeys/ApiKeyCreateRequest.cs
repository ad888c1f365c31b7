namespace Stip.Protocol.ApiKeys;

/// <summary>Body of <c>POST /v1/api_keys</c>.</summary>
/// <param name="Name">For people, 1 to 100 characters.</param>
/// <param name="Scopes">Some of <see cref="ApiKeyScopes.All"/>, at least one.</param>
/// <param name="Models">The models that it is good for; null for all.</param>
/// <param name="ExpiresAt">Unix seconds; null for never.</param>
/// <param name="Limits">Limits of this key; null for the server's own.</param>
public sealed record ApiKeyCreateRequest(
    string Name,
    IReadOnlyList<string> Scopes,
    IReadOnlyList<string>? Models = null,
    long? ExpiresAt = null,
    ApiKeyLimits? Limits = null);
