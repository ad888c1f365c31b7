using System.Collections.Frozen;
using System.Reflection;

namespace Stip.Gateway.Page;

/// <summary>The chat page's files, which are part of the program.</summary>
internal static class PageFiles
{
    private const string Prefix = "page/";

    private static readonly Assembly Program = typeof(PageFiles).Assembly;

    private static readonly FrozenDictionary<string, byte[]> All = Program.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .ToFrozenDictionary(name => name[Prefix.Length..], Read, StringComparer.Ordinal);

    /// <summary>A file and its media type; null where there is none of that name.</summary>
    public static (byte[] Bytes, string MediaType)? Find(string name) =>
        All.TryGetValue(name, out var bytes) ? (bytes, MediaType(name)) : null;

    private static string MediaType(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };

    private static byte[] Read(string name)
    {
        using var stream = Program.GetManifestResourceStream(name)!;
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
