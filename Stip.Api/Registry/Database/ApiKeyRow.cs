namespace Stip.Api.Registry.Database;

/// <summary>A row of <c>api_keys</c>. Times are Unix seconds.</summary>
internal sealed class ApiKeyRow
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>Separated by spaces.</summary>
    public required string Scopes { get; init; }

    /// <summary>A JSON list; null for all models.</summary>
    public string? Models { get; init; }

    /// <summary>JSON; null for the server's own.</summary>
    public string? Limits { get; init; }

    public required long CreatedAt { get; init; }

    public long? ExpiresAt { get; init; }

    /// <summary>One, and those from before a rotation that are still good.</summary>
    public List<ApiKeySecretRow> Secrets { get; init; } = [];
}
