using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Stip.Api.Engine;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Errors;

namespace Stip.Api.Registry.ApiKeys;

/// <summary>API keys, stored as SHA-256 in one file. A value is 32 random bytes, so a plain hash is enough.</summary>
internal sealed class ApiKeyStore
{
    private const string FileName = "api_keys.json";
    private const int ShownCharacters = 4;
    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly Lock _writing = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _lastUsed = new();
    private volatile IReadOnlyDictionary<string, ApiKeyRecord> _byHash;

    public ApiKeyStore(DataFolders folders, TimeProvider clock)
    {
        _path = Path.Combine(folders.Keys, FileName);
        _clock = clock;
        var stored = File.Exists(_path) ? DurableFile.Read<ApiKeyFile>(_path)?.Keys ?? [] : [];
        _byHash = stored.ToDictionary(key => key.Sha256, StringComparer.Ordinal);
    }

    public bool IsEmpty => _byHash.Count == 0;

    public IReadOnlyList<ApiKeyRecord> All => [.. _byHash.Values.OrderBy(key => key.CreatedAt)];

    public DateTimeOffset? LastUsed(string id) => _lastUsed.TryGetValue(id, out var used) ? used : null;

    /// <summary>The key of this value; null where it is unknown, revoked or expired.</summary>
    public ApiKeyRecord? Authenticate(string value)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(value), hash);
        var now = _clock.GetUtcNow();
        if (!_byHash.TryGetValue(Convert.ToHexStringLower(hash), out var key)
            || !CryptographicOperations.FixedTimeEquals(Convert.FromHexString(key.Sha256), hash)
            || key.ExpiresAt <= now)
        {
            return null;
        }

        _lastUsed[key.Id] = now;
        return key;
    }

    /// <summary>True while a key that was authenticated before is neither revoked nor expired.</summary>
    public bool IsGood(ApiKeyRecord key) =>
        _byHash.ContainsKey(key.Sha256) && !(key.ExpiresAt <= _clock.GetUtcNow());

    /// <summary>Makes a key; its value is in the answer and nowhere else.</summary>
    public (ApiKeyRecord Key, string Value) Create(ApiKeyCreateRequest request)
    {
        var id = "key_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var value = $"stip_{id[4..]}_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))}";
        return (Add(id, request, value), value);
    }

    /// <summary>Stores the administrator's key of the first start.</summary>
    public void AddBootstrap(string value) =>
        Add("key_bootstrap", new ApiKeyCreateRequest("bootstrap", ApiKeyScopes.All), value);

    public Outcome<ApiKeyRecord> Revoke(string id)
    {
        lock (_writing)
        {
            var key = _byHash.Values.FirstOrDefault(candidate => candidate.Id == id);
            if (key is null)
            {
                return new Refusal(StipErrorCode.NotFound, "there is no such API key", "id");
            }

            var left = _byHash.Values.Where(other => other.Id != id).ToArray();
            if (!left.Any(other => other.Scopes.Contains(ApiKeyScopes.KeysAdmin) && other.ExpiresAt is null))
            {
                return new Refusal(
                    StipErrorCode.InvalidRequest,
                    "this is the last lasting key with keys:admin; make another one first",
                    "id");
            }

            Store(left);
            return key;
        }
    }

    private ApiKeyRecord Add(string id, ApiKeyCreateRequest request, string value)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)));
        DateTimeOffset? expires = request.ExpiresAt is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
        var key = new ApiKeyRecord(
            id, request.Name, hash, "stip_…" + value[^ShownCharacters..], request.Scopes, _clock.GetUtcNow(),
            request.Models, expires);
        lock (_writing)
        {
            Store([.. _byHash.Values, key]);
        }

        return key;
    }

    private void Store(IReadOnlyList<ApiKeyRecord> keys)
    {
        DurableFile.Write(_path, new ApiKeyFile(keys));
        _byHash = keys.ToDictionary(key => key.Sha256, StringComparer.Ordinal);
    }
}
