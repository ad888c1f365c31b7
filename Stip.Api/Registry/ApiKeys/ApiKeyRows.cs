using System.Text.Json;
using Stip.Api.Registry.Database;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;

namespace Stip.Api.Registry.ApiKeys;

/// <summary>Between keys and their rows.</summary>
internal static class ApiKeyRows
{
    public static ApiKeyRow ToRow(this ApiKeyRecord key) => new()
    {
        Id = key.Id,
        Name = key.Name,
        Scopes = string.Join(' ', key.Scopes),
        Models = key.Models is null ? null : JsonSerializer.Serialize(key.Models, StipJson.Wire),
        Limits = key.Limits is null ? null : JsonSerializer.Serialize(key.Limits, StipJson.Wire),
        CreatedAt = key.CreatedAt.ToUnixTimeSeconds(),
        ExpiresAt = key.ExpiresAt?.ToUnixTimeSeconds(),
        Secrets = [.. key.Secrets.Select(secret => secret.ToRow(key.Id, key.CreatedAt))],
    };

    public static ApiKeySecretRow ToRow(this ApiKeySecret secret, string keyId, DateTimeOffset createdAt) => new()
    {
        Sha256 = secret.Sha256,
        KeyId = keyId,
        RedactedValue = secret.RedactedValue,
        CreatedAt = createdAt.ToUnixTimeSeconds(),
        GoodUntil = secret.GoodUntil?.ToUnixTimeSeconds(),
    };

    public static ApiKeyRecord ToRecord(this ApiKeyRow row) => new(
        row.Id,
        row.Name,
        [
            .. row.Secrets.OrderByDescending(secret => secret.GoodUntil ?? long.MaxValue).Select(secret =>
                new ApiKeySecret(secret.Sha256, secret.RedactedValue, Time(secret.GoodUntil))),
        ],
        row.Scopes.Split(' '),
        DateTimeOffset.FromUnixTimeSeconds(row.CreatedAt),
        row.Models is null ? null : JsonSerializer.Deserialize<string[]>(row.Models, StipJson.Wire),
        Time(row.ExpiresAt),
        row.Limits is null ? null : JsonSerializer.Deserialize<ApiKeyLimits>(row.Limits, StipJson.Wire));

    private static DateTimeOffset? Time(long? seconds) =>
        seconds is { } known ? DateTimeOffset.FromUnixTimeSeconds(known) : null;
}
