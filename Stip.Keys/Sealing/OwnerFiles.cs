namespace Stip.Keys.Sealing;

/// <summary>Files and folders that only their owner can read, without buffers of ours that plain bytes would stay
/// in.</summary>
internal static class OwnerFiles
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerFile | UnixFileMode.UserExecute;

    public static FileStream Open(string path) =>
        new(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, BufferSize = 0 });

    public static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerFile;
        }

        return new FileStream(path, options);
    }

    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerFolder);
        }
    }

    /// <summary>Makes a file beside its place and moves it there at the end.</summary>
    /// <exception cref="SealException">Something is there already.</exception>
    public static void WriteBeside(string output, Action<Stream> write)
    {
        if (Path.Exists(output))
        {
            throw new SealException($"{output} is there already");
        }

        var beside = $"{output}.{Guid.NewGuid():N}";
        try
        {
            using (var target = Create(beside))
            {
                write(target);
            }

            File.Move(beside, output);
        }
        finally
        {
            File.Delete(beside);
        }
    }
}
