namespace Stip.Api.Registry.Database;

/// <summary>A row of <c>api_key_secrets</c>: a value of a key by its hash.</summary>
internal sealed class ApiKeySecretRow
{
    /// <summary>Hexadecimal.</summary>
    public required string Sha256 { get; init; }

    public required string KeyId { get; init; }

    public required string RedactedValue { get; init; }

    public required long CreatedAt { get; init; }

    /// <summary>Null for the value that is in force.</summary>
    public long? GoodUntil { get; set; }
}
