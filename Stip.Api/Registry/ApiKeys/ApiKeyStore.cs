using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Stip.Api.Engine;
using Stip.Api.Registry.Audit;
using Stip.Api.Registry.Database;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Audit;
using Stip.Protocol.Errors;

namespace Stip.Api.Registry.ApiKeys;

/// <summary>API keys in the database, every change in one transaction with its line of the audit log: whatever happens
/// in between leaves the old state or the new one.</summary>
internal sealed class ApiKeyStore(
    RegistryDatabase database, KeyFile file, KeyDirectory directory, TimeProvider clock) : IDisposable
{
    private const string BootstrapId = "key_bootstrap";
    private readonly KeyChanges _changes = new(database, directory);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _lastUsed = new();
    private readonly ConcurrentDictionary<string, bool> _unanswered = new(StringComparer.Ordinal);
    private volatile bool _isOpen;

    public IReadOnlyList<ApiKeyRecord> All => directory.Keys;

    /// <summary>Ids of keys that are there no longer, this server's own changes and those of others.</summary>
    public ConcurrentQueue<string> Gone => directory.Gone;

    /// <summary>False until the first keys are known: nobody can be told yet that there is no such key.</summary>
    public bool IsOpen => _isOpen;

    private static Refusal NotFound => new(StipErrorCode.NotFound, "there is no such API key", "id");

    public ApiKeyRecord? Find(string id) => directory.Keys.FirstOrDefault(key => key.Id == id);

    public DateTimeOffset? LastUsed(string id) => _lastUsed.TryGetValue(id, out var used) ? used : null;

    /// <summary>The key of this value; null where it is unknown, revoked or expired.</summary>
    public ApiKeyGrant? Authenticate(string value)
    {
        if (directory.Find(value) is not { } grant)
        {
            return null;
        }

        _lastUsed[grant.Key.Id] = clock.GetUtcNow();
        return grant;
    }

    /// <summary>Reads the keys; those of an earlier version's file are taken over first.</summary>
    /// <param name="whenNone">Makes the first one where there is none.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">They cannot be read; one line says why.</exception>
    public async Task OpenAsync(Func<Task> whenNone, CancellationToken cancellation)
    {
        await database.CreateAsync(cancellation);
        await RefreshAsync(cancellation);
        if (directory.Keys.Count == 0 && file.Read() is { Count: > 0 } earlier)
        {
            await AddFirstAsync(AuditEventTypes.KeyMigrated, earlier);
        }

        file.SetAside();
        if (directory.Keys.Count == 0)
        {
            await whenNone();
        }

        _isOpen = true;
    }

    /// <summary>Reads the keys again: another server may have changed them. Keys of whose making nobody heard, so that
    /// their values are lost, are ended.</summary>
    /// <exception cref="InvalidOperationException">They cannot be read; one line says why.</exception>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await _changes.RefreshAsync(cancellation);
        if (_unanswered.Keys.ToArray() is { Length: > 0 } ids)
        {
            await _changes.MakeAsync<bool>(
                async context =>
                {
                    foreach (var row in await context.ApiKeys.Where(row => ids.Contains(row.Id)).ToListAsync())
                    {
                        context.Remove(row);
                        context.Add(Act(AuditEventTypes.KeyRevoked, AuditActor.Server, row.ToRecord()));
                    }

                    return true;
                },
                keys => !keys.Any(key => ids.Contains(key.Id)));
            Array.ForEach(ids, id => _unanswered.TryRemove(id, out _));
        }
    }

    /// <summary>Makes a key; its value is in the answer and nowhere else.</summary>
    public async Task<(ApiKeyRecord Key, string Value)> CreateAsync(ApiKeyCreateRequest request, AuditActor actor)
    {
        var id = "key_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var value = ApiKeyValue.Make(id);
        var key = Key(id, request, value);
        try
        {
            await _changes.MakeAsync<bool>(
                context =>
                {
                    context.Add(key.ToRow());
                    context.Add(Act(AuditEventTypes.KeyCreated, actor, key));
                    return Task.FromResult<Outcome<bool>>(true);
                },
                keys => keys.Any(made => made.Id == id));
            return (key, value);
        }
        catch
        {
            // It may be there all the same, where the connection broke; then nobody has its value.
            _unanswered[id] = true;
            throw;
        }
    }

    /// <summary>Stores the administrator's key of the first start.</summary>
    /// <returns>False where another server was first: then there are its keys, and this value is none.</returns>
    public Task<bool> AddBootstrapAsync(string value) => AddFirstAsync(
        AuditEventTypes.KeyCreated,
        [Key(BootstrapId, new ApiKeyCreateRequest("bootstrap", ApiKeyScopes.All), value)]);

    /// <summary>Gives a key a new value; values until now stay good for a while.</summary>
    /// <param name="id">Of the key, which it keeps.</param>
    /// <param name="overlap">How long earlier values stay good, at most.</param>
    /// <param name="actor">Who wants it.</param>
    public async Task<Outcome<(ApiKeyRecord Key, string Value)>> RotateAsync(
        string id, TimeSpan overlap, AuditActor actor)
    {
        var value = ApiKeyValue.Make(id);
        var changed = await _changes.MakeAsync<string>(async context =>
        {
            var row = await context.ApiKeys.Include(key => key.Secrets).FirstOrDefaultAsync(key => key.Id == id);
            if (row is null)
            {
                return NotFound;
            }

            var now = clock.GetUtcNow();
            var until = (now + overlap).ToUnixTimeSeconds();
            foreach (var secret in row.Secrets.ToArray())
            {
                secret.GoodUntil = Math.Min(secret.GoodUntil ?? until, until);
                if (secret.GoodUntil <= now.ToUnixTimeSeconds())
                {
                    context.Remove(secret);
                }
            }

            context.Add(new ApiKeySecret(ApiKeyValue.Hash(value), ApiKeyValue.Redact(value), null).ToRow(id, now));
            context.Add(Act(
                AuditEventTypes.KeyRotated, actor, row.ToRecord(), ("previous_value_expires_at", Text(until))));
            return value;
        }, keys => keys.Any(key => key.Secrets.Any(secret => secret.Sha256 == ApiKeyValue.Hash(value))));
        return changed.Is(out _, out var refusal) ? (Find(id)!, value) : refusal;
    }

    /// <summary>Ends a key; whoever uses it loses it at once.</summary>
    public Task<Outcome<ApiKeyRecord>> RevokeAsync(string id, AuditActor actor) => _changes.MakeAsync<ApiKeyRecord>(
        async context =>
        {
            var rows = await context.ApiKeys.Include(key => key.Secrets).ToListAsync();
            if (rows.FirstOrDefault(candidate => candidate.Id == id) is not { } row)
            {
                return NotFound;
            }

            if (!rows.Where(other => other != row).Select(other => other.ToRecord()).Any(IsLastingAdmin))
            {
                return new Refusal(
                    StipErrorCode.InvalidRequest,
                    "this is the last lasting key with keys:admin; make another one first",
                    "id");
            }

            context.Remove(row);
            context.Add(Act(AuditEventTypes.KeyRevoked, actor, row.ToRecord()));
            return row.ToRecord();
        },
        keys => !keys.Any(key => key.Id == id));

    public void Dispose() => _changes.Dispose();

    private static bool IsLastingAdmin(ApiKeyRecord key) =>
        key is { ExpiresAt: null, Models: null } && key.Scopes.Contains(ApiKeyScopes.KeysAdmin);

    private ApiKeyRecord Key(string id, ApiKeyCreateRequest request, string value) => new(
        id,
        request.Name,
        [new ApiKeySecret(ApiKeyValue.Hash(value), ApiKeyValue.Redact(value), null)],
        request.Scopes,
        clock.GetUtcNow(),
        request.Models,
        request.ExpiresAt is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null,
        request.Limits);

    private async Task<bool> AddFirstAsync(string type, IReadOnlyList<ApiKeyRecord> keys)
    {
        await using var connection = await database.ConnectAsync(CancellationToken.None);
        try
        {
            var isFirst = await FirstRows.AddAsync(
                connection, database.IsShared, keys.Select(key => key.ToRow()),
                keys.Select(key => Act(type, AuditActor.Server, key)));
            await RefreshAsync(CancellationToken.None);
            return isFirst;
        }
        catch (DbException e)
        {
            throw database.Unusable(e);
        }
    }

    private AuditRow Act(string type, AuditActor actor, ApiKeyRecord key, params (string, string?)[] more) =>
        new AuditAct(
            type, actor, key.Id,
            [
                ("name", key.Name), ("scopes", string.Join(' ', key.Scopes)),
                ("models", key.Models is null ? null : string.Join(' ', key.Models)),
                ("expires_at", key.ExpiresAt is { } at ? Text(at.ToUnixTimeSeconds()) : null), .. more,
            ]).ToRow(clock.GetUtcNow());

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
