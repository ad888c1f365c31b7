namespace Stip.Api.Registry;

/// <summary>Copies a folder to another file system, down to the disk.</summary>
internal static class CopiedFolder
{
    /// <summary>Copies all of it, or nothing stays.</summary>
    /// <exception cref="IOException">There is no room, or it cannot be read.</exception>
    public static void Make(string folder, string copy)
    {
        try
        {
            Directory.CreateDirectory(copy);
            foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            {
                var target = Path.Combine(copy, Path.GetRelativePath(folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
                using var copied = File.OpenHandle(target, FileMode.Open, FileAccess.ReadWrite);
                RandomAccess.FlushToDisk(copied);
            }
        }
        catch
        {
            Directory.Delete(copy, recursive: true);
            throw;
        }
    }
}
