namespace Stip.Onnx.Model;

/// <summary>
/// The file that a link leads to, through every link on the way. What a relative link says holds from the folder that
/// it lies in, which is elsewhere where that folder was reached through a link itself.
/// </summary>
internal static class LinkTarget
{
    private const int MostLinks = 64;

    /// <summary>The file itself, where a path is a link to it; the path where it is none.</summary>
    public static string Of(string path) => new FileInfo(path).LinkTarget is null ? path : Real(path);

    /// <summary>Where a path leads, through links to folders too.</summary>
    public static string Real(string path)
    {
        var whole = Path.GetFullPath(path);
        var at = Path.GetPathRoot(whole)!;
        var rest = new Stack<string>();
        Push(rest, whole[at.Length..]);
        for (var links = 0; rest.TryPop(out var part);)
        {
            var next = Path.Combine(at, part);
            if (part == "..")
            {
                at = Path.GetDirectoryName(at) ?? at;
            }
            else if (links < MostLinks && new FileInfo(next).LinkTarget is { } target)
            {
                links++;
                at = Path.IsPathRooted(target) ? Path.GetPathRoot(Path.GetFullPath(target))! : at;
                Push(rest, target[(Path.GetPathRoot(target)?.Length ?? 0)..]);
            }
            else
            {
                at = next;
            }
        }

        return at;
    }

    private static void Push(Stack<string> rest, string path)
    {
        var parts = path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar]);
        foreach (var part in parts.Reverse().Where(part => part is not ("" or ".")))
        {
            rest.Push(part);
        }
    }
}
