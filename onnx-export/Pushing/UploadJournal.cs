using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Stip.Protocol;

namespace Stip.Export.Pushing;

/// <summary>Remembers the uploads of a package that was not pushed to its end, so that the next push goes on
/// there.</summary>
internal sealed class UploadJournal
{
    private readonly string? _path;
    private readonly Dictionary<string, string> _uploads;

    private UploadJournal(string? path, Dictionary<string, string> uploads)
    {
        _path = path;
        _uploads = uploads;
    }

    /// <summary>Folder of the journals of this user; null for one without a home.</summary>
    public static string? DefaultFolder => Environment.GetFolderPath(
        Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify)
        is { Length: > 0 } home ? Path.Combine(home, "stip", "pushes") : null;

    /// <summary>The journal of a package and a server; empty where nothing was begun. Where it cannot be kept the
    /// next push only sends more.</summary>
    public static UploadJournal Open(string? folder, Uri endpoint, string fingerprint)
    {
        if (folder is null)
        {
            return new UploadJournal(null, []);
        }

        var identity = SHA256.HashData(Encoding.UTF8.GetBytes($"{endpoint.AbsoluteUri} {fingerprint}"));
        var path = Path.Combine(folder, $"{Convert.ToHexStringLower(identity)}.json");
        return new UploadJournal(path, Read(path));
    }

    /// <summary>True where an earlier push began something.</summary>
    public bool HasBegun => _uploads.Count > 0;

    /// <summary>Every upload that was begun.</summary>
    public IReadOnlyCollection<string> Uploads => _uploads.Values;

    /// <summary>The upload that was begun for a file, null where none was.</summary>
    public string? Find(string file) => _uploads.GetValueOrDefault(file);

    /// <summary>Remembers an upload.</summary>
    public void Set(string file, string uploadId)
    {
        _uploads[file] = uploadId;
        Keep(path =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(_uploads, StipJson.File));
        });
    }

    /// <summary>Forgets an upload: the next push begins it anew.</summary>
    public void Remove(string file)
    {
        if (_uploads.Remove(file))
        {
            Keep(path => File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(_uploads, StipJson.File)));
        }
    }

    /// <summary>Forgets everything, once the package is registered.</summary>
    public void Clear()
    {
        _uploads.Clear();
        Keep(File.Delete);
    }

    // A home that cannot be written to (containers) costs a push nothing but its memory.
    private void Keep(Action<string> change)
    {
        try
        {
            if (_path is not null)
            {
                change(_path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static Dictionary<string, string> Read(string path)
    {
        try
        {
            return File.Exists(path)
                ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllBytes(path)) ?? []
                : [];
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
