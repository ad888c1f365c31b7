using System.Text.Json;
using Stip.Protocol;

namespace Stip.Api.Registry;

/// <summary>Small JSON documents that are either the old ones or the new ones, whatever happens in between.</summary>
internal static class DurableFile
{
    /// <summary>What a document is called until it is whole.</summary>
    public const string NewSuffix = ".new";

    public static void Write<T>(string path, T document)
    {
        var beside = path + NewSuffix;
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using (var stream = new FileStream(beside, options))
            {
                JsonSerializer.Serialize(stream, document, StipJson.File);
                stream.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            // On a full disk, where what it left would take the room of another one.
            File.Delete(beside);
            throw;
        }
    }

    /// <summary>The document; null where there is none, or something else.</summary>
    public static T? TryRead<T>(string path)
        where T : class
    {
        try
        {
            return File.Exists(path) ? Read<T>(path) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static T? Read<T>(string path)
    {
        using var stream = File.OpenRead(path);
        return JsonSerializer.Deserialize<T>(stream, StipJson.File);
    }
}
