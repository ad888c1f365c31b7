namespace Stip.Onnx.Protection;

/// <summary>Rights of folders that hold secrets: nobody but their owner may look.</summary>
internal static class OwnerOnly
{
    private const UnixFileMode File = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Folder = File | UnixFileMode.UserExecute;

    /// <summary>Makes an owner-only folder.</summary>
    public static string MakeFolder(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path).FullName
        : Directory.CreateDirectory(path, Folder).FullName;

    /// <summary>Takes every file of a folder from everyone else.</summary>
    public static void RestrictFiles(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var path in Directory.EnumerateFiles(folder))
        {
            System.IO.File.SetUnixFileMode(path, File);
        }
    }
}
