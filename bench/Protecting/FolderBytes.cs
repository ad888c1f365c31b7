namespace Stip.Bench.Protecting;

/// <summary>Files of a folder: how many bytes they are, read once, copied, and flushed to the disk.</summary>
internal static class FolderBytes
{
    // As tiles of a copy usually are.
    private const int BufferBytes = 4 << 20;

    public static long Count(string folder) => Files(folder).Sum(file => new FileInfo(file).Length);

    /// <summary>Reads all, so that what comes next finds them in the page cache.</summary>
    public static void Warm(string folder)
    {
        var buffer = new byte[BufferBytes];
        foreach (var file in Files(folder))
        {
            using var stream = File.OpenRead(file);
            while (stream.Read(buffer) > 0)
            {
            }
        }
    }

    /// <summary>A plain copy: read, written and flushed, nothing shared on the disk.</summary>
    public static void Copy(string folder, string target)
    {
        Directory.CreateDirectory(target);
        var buffer = new byte[BufferBytes];
        foreach (var file in Files(folder))
        {
            using var source = File.OpenRead(file);
            using var copy = File.Create(Path.Combine(target, Path.GetFileName(file)), bufferSize: 0);
            for (int count; (count = source.Read(buffer)) > 0;)
            {
                copy.Write(buffer.AsSpan(0, count));
            }

            copy.Flush(flushToDisk: true);
        }
    }

    /// <summary>Waits until all that was written is on the disk.</summary>
    public static void Flush(string folder)
    {
        foreach (var file in Files(folder))
        {
            using var stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite);
            stream.Flush(flushToDisk: true);
        }
    }

    private static string[] Files(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories);
}
