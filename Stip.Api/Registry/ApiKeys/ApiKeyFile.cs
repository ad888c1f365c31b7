namespace Stip.Api.Registry.ApiKeys;

/// <summary>The key store's document.</summary>
internal sealed record ApiKeyFile(IReadOnlyList<ApiKeyRecord> Keys);
