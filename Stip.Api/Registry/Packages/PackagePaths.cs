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

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_';
}
