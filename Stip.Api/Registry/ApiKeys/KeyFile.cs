using System.Text.Json;

namespace Stip.Api.Registry.ApiKeys;

/// <summary>The file in which version 0.1 kept its keys. It is taken over once and then set aside.</summary>
internal sealed class KeyFile(DataFolders folders)
{
    private const string FileName = "api_keys.json";
    private readonly string _path = Path.Combine(folders.Keys, FileName);

    /// <summary>Its keys; none where there is no such file.</summary>
    /// <exception cref="InvalidOperationException">It is there and cannot be read.</exception>
    public IReadOnlyList<ApiKeyRecord> Read()
    {
        if (!File.Exists(_path))
        {
            return [];
        }

        try
        {
            return [.. DurableFile.Read<Document>(_path)!.Keys.Select(key => key.ToRecord())];
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or ArgumentException)
        {
            throw new InvalidOperationException(
                $"{_path} holds the API keys of an earlier version and cannot be read; put a good copy there", e);
        }
    }

    /// <summary>Renames it: its keys are in the database now.</summary>
    public void SetAside()
    {
        if (File.Exists(_path))
        {
            File.Move(_path, _path + ".migrated", overwrite: true);
        }
    }

    private sealed record Document(IReadOnlyList<Entry> Keys);

    private sealed record Entry(
        string Id,
        string Name,
        string Sha256,
        string RedactedValue,
        IReadOnlyList<string> Scopes,
        DateTimeOffset CreatedAt,
        IReadOnlyList<string>? Models,
        DateTimeOffset? ExpiresAt)
    {
        public ApiKeyRecord ToRecord()
        {
            ArgumentException.ThrowIfNullOrEmpty(Id);
            ArgumentException.ThrowIfNullOrEmpty(Sha256);
            return new ApiKeyRecord(
                Id, Name ?? Id, [new ApiKeySecret(Sha256, RedactedValue ?? "", null)], Scopes ?? [], CreatedAt, Models,
                ExpiresAt, null);
        }
    }
}
