namespace Stip.Api.Registry.Packages;

/// <summary>Which paths may stand inside a package.</summary>
internal static class PackagePaths
{
    private const int MaxLength = 200;
    private const int MaxDepth = 4;

    /// <summary>True for a relative path of plain names: letters, digits, dots, dashes and underscores.</summary>
    public static bool IsAllowed(string? path) =>
        path is { Length: > 0 and <= MaxLength }
        && path.Split('/') is { Length: <= MaxDepth } names
        && names.All(name => name.Length > 0 && name[0] != '.' && name.All(IsPlain));

    /// <summary>The folders that a file lies in, as paths of the package.</summary>
    public static IEnumerable<string> FoldersOf(string path)
    {
        for (var at = path.LastIndexOf('/'); at > 0; at = path.LastIndexOf('/', at - 1))
        {
            yield return path[..at];
        }
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_';
}
