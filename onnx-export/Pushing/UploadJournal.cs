using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Stip.Protocol;

namespace Stip.Export.Pushing;

/// <summary>Remembers the uploads of a package that was not pushed to its end, so that the next push goes on
/// there.</summary>
internal sealed class UploadJournal
{
    private readonly string _path;
    private readonly Dictionary<string, string> _uploads;

    private UploadJournal(string path, Dictionary<string, string> uploads)
    {
        _path = path;
        _uploads = uploads;
    }

    /// <summary>Folder of the journals of this user.</summary>
    public static string DefaultFolder => Path.Combine(
        Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create),
        "stip",
        "pushes");

    /// <summary>The journal of a package and a server; empty where nothing was begun.</summary>
    public static UploadJournal Open(string folder, Uri endpoint, string fingerprint)
    {
        var identity = SHA256.HashData(Encoding.UTF8.GetBytes($"{endpoint.AbsoluteUri} {fingerprint}"));
        var path = Path.Combine(folder, $"{Convert.ToHexStringLower(identity)}.json");
        return new UploadJournal(path, Read(path));
    }

    /// <summary>The upload that was begun for a file, null where none was.</summary>
    public string? Find(string file) => _uploads.GetValueOrDefault(file);

    /// <summary>Remembers an upload.</summary>
    public void Set(string file, string uploadId)
    {
        _uploads[file] = uploadId;
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        File.WriteAllBytes(_path, JsonSerializer.SerializeToUtf8Bytes(_uploads, StipJson.File));
    }

    /// <summary>Forgets everything, once the package is registered.</summary>
    public void Clear() => File.Delete(_path);

    private static Dictionary<string, string> Read(string path)
    {
        try
        {
            return File.Exists(path)
                ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllBytes(path)) ?? []
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
