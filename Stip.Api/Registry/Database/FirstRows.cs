using System.Data.Common;
using System.Text.Json;

namespace Stip.Api.Registry.Database;

/// <summary>What a start needs of the database, in plain SQL: Entity Framework takes a second or two to get going, and
/// with it only the first change pays for that.</summary>
internal static class FirstRows
{
    /// <summary>Every key with its secrets.</summary>
    /// <param name="open">The database.</param>
    /// <param name="transaction">Of the connection; null where it has none.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<IReadOnlyList<ApiKeyRow>> ReadAsync(
        DbConnection open, DbTransaction? transaction, CancellationToken cancellation)
    {
        var keys = new Dictionary<string, ApiKeyRow>(StringComparer.Ordinal);
        await using var command = open.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = """
            SELECT k.id, k.name, k.scopes, k.models, k.limits, k.created_at, k.expires_at,
                s.sha256, s.redacted_value, s.created_at, s.good_until
            FROM api_keys k LEFT JOIN api_key_secrets s ON s.key_id = k.id
            """;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var id = reader.GetString(0);
            if (!keys.TryGetValue(id, out var key))
            {
                keys.Add(id, key = new ApiKeyRow
                {
                    Id = id,
                    Name = reader.GetString(1),
                    Scopes = reader.GetString(2),
                    Models = Text(reader, 3),
                    Limits = Text(reader, 4),
                    CreatedAt = reader.GetInt64(5),
                    ExpiresAt = Number(reader, 6),
                });
            }

            if (Text(reader, 7) is { } hash)
            {
                key.Secrets.Add(new ApiKeySecretRow
                {
                    Sha256 = hash,
                    KeyId = id,
                    RedactedValue = reader.GetString(8),
                    CreatedAt = reader.GetInt64(9),
                    GoodUntil = Number(reader, 10),
                });
            }
        }

        return [.. keys.Values];
    }

    /// <summary>Adds the first keys and their lines of the audit log: all or none, and none where there are
    /// keys.</summary>
    /// <param name="open">The database.</param>
    /// <param name="isShared">Other servers may do the same now.</param>
    /// <param name="keys">To be added.</param>
    /// <param name="acts">Lines of the audit log.</param>
    /// <returns>True where they were added.</returns>
    public static async Task<bool> AddAsync(
        DbConnection open, bool isShared, IEnumerable<ApiKeyRow> keys, IEnumerable<AuditRow> acts)
    {
        await using var transaction = await open.BeginTransactionAsync();
        if (isShared)
        {
            await using var taking = open.CreateCommand();
            (taking.Transaction, taking.CommandText) = (transaction, RegistryLock.Take);
            await taking.ExecuteNonQueryAsync();
        }

        await using (var asking = open.CreateCommand())
        {
            (asking.Transaction, asking.CommandText) = (transaction, "SELECT 1 FROM api_keys LIMIT 1");
            if (await asking.ExecuteScalarAsync() is not null)
            {
                return false;
            }
        }

        foreach (var key in keys)
        {
            await InsertAsync(
                transaction, "api_keys", (nameof(key.Id), key.Id), (nameof(key.Name), key.Name),
                (nameof(key.Scopes), key.Scopes), (nameof(key.Models), key.Models), (nameof(key.Limits), key.Limits),
                (nameof(key.CreatedAt), key.CreatedAt), (nameof(key.ExpiresAt), key.ExpiresAt));
            foreach (var secret in key.Secrets)
            {
                await InsertAsync(
                    transaction, "api_key_secrets", (nameof(secret.Sha256), secret.Sha256),
                    (nameof(secret.KeyId), secret.KeyId), (nameof(secret.RedactedValue), secret.RedactedValue),
                    (nameof(secret.CreatedAt), secret.CreatedAt), (nameof(secret.GoodUntil), secret.GoodUntil));
            }
        }

        foreach (var act in acts)
        {
            await InsertAsync(
                transaction, "audit_events", (nameof(act.Type), act.Type), (nameof(act.CreatedAt), act.CreatedAt),
                (nameof(act.Actor), act.Actor), (nameof(act.Subject), act.Subject),
                (nameof(act.RequestId), act.RequestId), (nameof(act.Details), act.Details));
        }

        await transaction.CommitAsync();
        return true;
    }

    private static async Task InsertAsync(
        DbTransaction transaction, string table, params (string Property, object? Value)[] values)
    {
        var names = values.Select(value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.Property)).ToArray();
        await using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Table and columns are ours; values are parameters.
        command.CommandText = $"INSERT INTO {table} ({string.Join(", ", names)}) "
            + $"VALUES ({string.Join(", ", names.Select(name => "@" + name))})";
#pragma warning restore CA2100
        foreach (var (name, value) in names.Zip(values, (name, value) => (name, value.Value)))
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ("@" + name, value ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }

        await command.ExecuteNonQueryAsync();
    }

    private static string? Text(DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetString(column);

    private static long? Number(DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetInt64(column);
}
