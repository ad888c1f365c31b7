using System.Runtime.Versioning;

namespace Stip.Gateway.Commands;

/// <summary>A folder below <c>TMPDIR</c> that only this user can read, and that says by a locked file that its process
/// lives: whatever ends a process unlocks its files.</summary>
internal sealed class UnsealedFolder : IDisposable
{
    private const string Prefix = "stip-bundle-";
    private const string LockName = "in-use";
    private const int MostTries = 20;
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly FileStream _lock;

    private UnsealedFolder(string path) =>
        (_path, _lock) = (path, new FileStream(Path.Combine(path, LockName), LockOptions(FileMode.CreateNew)));

    /// <summary>Where the bundle goes.</summary>
    public string BundlePath => Path.Combine(_path, "client");

    // Made with access for its owner alone.
    public static UnsealedFolder Create() => new(Directory.CreateTempSubdirectory(Prefix).FullName);

    /// <summary>Removes what processes of this user left that were killed. A privileged user leaves it: all folders
    /// would pass for its own, and what their owners put there while it removes them would be removed too.</summary>
    public static void RemoveAbandoned()
    {
        if (Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows() && IsShared(Path.GetTempPath()))
        {
            return;
        }

        try
        {
            foreach (var path in Directory.GetDirectories(Path.GetTempPath(), $"{Prefix}*").Where(IsAbandoned))
            {
                Remove(path);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A folder for temporary files that cannot be listed.
        }
    }

    /// <summary>False where it is still there: files of it are in use.</summary>
    public bool TryRemove()
    {
        _lock.Dispose();
        return TryRemove(_path);
    }

    public void Dispose()
    {
        _lock.Dispose();
        Remove(_path);
    }

    // Of this user, and nobody has its file locked. One without that file is just being made.
    private static bool IsAbandoned(string path)
    {
        try
        {
            if (!OperatingSystem.IsWindows()
                && (File.GetUnixFileMode(path) & ~UnixFileMode.SetGroup) != (Owner | UnixFileMode.UserExecute))
            {
                return false;
            }

            using var file = new FileStream(Path.Combine(path, LockName), LockOptions(FileMode.Open));
            return OperatingSystem.IsWindows() || File.GetUnixFileMode(file.SafeFileHandle) == Owner;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static bool IsShared(string folder) =>
        (File.GetUnixFileMode(folder) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0;

    private static FileStreamOptions LockOptions(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (mode == FileMode.CreateNew && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Owner;
        }

        return options;
    }

    private static void Remove(string path)
    {
        if (!TryRemove(path))
        {
            Console.Error.WriteLine($"warning: the unsealed bundle {path} could not be removed");
        }
    }

    // A file may just be added, or another process removes it too.
    private static bool TryRemove(string path)
    {
        for (var tries = 1; Directory.Exists(path); tries++)
        {
            try
            {
                // The lock goes last: without it what is left would pass for one that is just being made.
                foreach (var bundle in Directory.GetDirectories(path))
                {
                    Directory.Delete(bundle, recursive: true);
                }

                Directory.Delete(path, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                if (tries == MostTries)
                {
                    return false;
                }
            }
        }

        return true;
    }
}
