namespace Stip.Api.Registry;

/// <summary>Copies a folder to another file system, down to the disk.</summary>
internal static class CopiedFolder
{
    private const int PieceBytes = 4 << 20;

    /// <summary>Copies all of it, or nothing stays.</summary>
    /// <param name="folder">Stays as it is.</param>
    /// <param name="copy">A folder that there is not.</param>
    /// <param name="cancellation">Asked between pieces of files: a large one takes minutes.</param>
    /// <exception cref="IOException">There is no room, or it cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static void Make(string folder, string copy, CancellationToken cancellation)
    {
        Directory.CreateDirectory(copy);
        try
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            {
                var target = Path.Combine(copy, Path.GetRelativePath(folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                CopyFile(file, target, cancellation);
            }
        }
        catch
        {
            Directory.Delete(copy, recursive: true);
            throw;
        }
    }

    private static void CopyFile(string file, string copy, CancellationToken cancellation)
    {
        using var from = File.OpenHandle(file, options: FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(from);
        using var to = File.OpenHandle(copy, FileMode.CreateNew, FileAccess.Write);
        var piece = new byte[Math.Min(PieceBytes, Math.Max(length, 1))];
        for (long at = 0; ;)
        {
            cancellation.ThrowIfCancellationRequested();
            var read = RandomAccess.Read(from, piece, at);
            if (read == 0)
            {
                break;
            }

            RandomAccess.Write(to, piece.AsSpan(0, read), at);
            at += read;
        }

        RandomAccess.FlushToDisk(to);
    }
}
