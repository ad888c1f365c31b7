using System.Text;

namespace Stip.Keys.Sealing;

/// <summary>Which names of files a sealed bundle may have: those that any system can make, inside the folder into which
/// it is unsealed. Whoever has a user's public key chooses them.</summary>
internal static class SealedPaths
{
    // What file systems take of one name.
    private const int MostBytesOfAPart = 255;
    private const int MostCharacters = 1024;
    private const string NotOnWindows = "<>:\"|?*";

    // Of devices there, whatever stands behind a dot.
    private static readonly HashSet<string> Devices = new(
        ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(1, 9).SelectMany(n => (string[])[$"COM{n}", $"LPT{n}"])],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether all of them can be made, none of them twice and none where another needs a folder.</summary>
    public static bool AreAllowed(IEnumerable<string> paths)
    {
        var files = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var folders = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var path in paths)
        {
            var plain = path?.Replace('\\', '/') ?? "";
            if (!IsPlain(plain) || !files.Add(plain))
            {
                return false;
            }

            for (var end = plain.LastIndexOf('/'); end > 0; end = plain.LastIndexOf('/', end - 1))
            {
                folders.Add(plain[..end]);
            }
        }

        return !folders.Overlaps(files);
    }

    private static bool IsPlain(string path) =>
        path.Length is > 0 and <= MostCharacters && !Path.IsPathRooted(path) && path.Split('/').All(IsPlainPart);

    private static bool IsPlainPart(string part) =>
        part is not ("" or "." or "..") && Encoding.UTF8.GetByteCount(part) <= MostBytesOfAPart
        && part[^1] is not ('.' or ' ') && !Devices.Contains(part.Split('.')[0].TrimEnd())
        && !part.Any(c => char.IsControl(c) || char.IsSurrogate(c) || NotOnWindows.Contains(c));
}
