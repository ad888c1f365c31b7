namespace Stip.Export.Checkpoints;

/// <summary>Folders that a checkpoint's own files name: whoever wrote the files may choose among what lies beside them,
/// not what of this machine is read.</summary>
internal static class InnerFolder
{
    /// <summary>Whether a path stays inside a folder, by its name and after every link in it is followed.</summary>
    public static bool Holds(string folder, string named)
    {
        if (Path.IsPathRooted(named) || named.Split('/', '\\').Contains(".."))
        {
            return false;
        }

        var inside = Path.GetRelativePath(Real(folder), Real(Path.Combine(folder, named)));
        return !Path.IsPathRooted(inside) && inside.Split(Path.DirectorySeparatorChar)[0] != "..";
    }

    private static string Real(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(full) is not { } parent)
        {
            return full;
        }

        var place = Path.Combine(Real(parent), Path.GetFileName(full));
        // What is not there is no link: modules without files of their own are named all the same. A link is followed
        // by one step, from where it really lies, and so is the next.
        return new DirectoryInfo(place) is { Exists: true } found
            && found.ResolveLinkTarget(returnFinalTarget: false) is { } target
                ? Real(target.FullName)
                : place;
    }
}
