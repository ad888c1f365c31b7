using System.Runtime.InteropServices;

namespace Stip.Onnx.Protection;

/// <summary>
/// Sends what was written on its way to the disk while the next bytes are made. Without it a system keeps gigabytes in
/// its page cache before it begins, and whoever then waits for the disk, as a server that must not lose a package,
/// waits for all of them.
/// </summary>
internal static class EarlyWriteback
{
    // SYNC_FILE_RANGE_WRITE: begins to write, waits for nothing.
    private const uint Begin = 2;

    // Some C libraries have no such function.
    private static bool _isMissing;

    /// <summary>Asks for it; where a system cannot, the bytes only go later.</summary>
    /// <param name="file">An open file.</param>
    /// <param name="offset">Where the bytes lie.</param>
    /// <param name="count">How many they are.</param>
    public static void Start(SafeHandle file, long offset, long count)
    {
        if (OperatingSystem.IsLinux())
        {
            Start(file, offset, count, SyncFileRange, ref _isMissing);
        }
    }

    /// <summary>The same by a function that may not be there.</summary>
    /// <param name="file">An open file.</param>
    /// <param name="offset">Where the bytes lie.</param>
    /// <param name="count">How many they are.</param>
    /// <param name="ask">The system's.</param>
    /// <param name="isMissing">Whether it was found not to be there: it is not asked again.</param>
    internal static void Start(
        SafeHandle file,
        long offset,
        long count,
        Func<SafeHandle, long, long, uint, int> ask,
        ref bool isMissing)
    {
        if (count <= 0 || Volatile.Read(ref isMissing))
        {
            return;
        }

        try
        {
            _ = ask(file, offset, count, Begin);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            Volatile.Write(ref isMissing, true);
        }
    }

    [DllImport("libc", EntryPoint = "sync_file_range")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SyncFileRange(SafeHandle file, long offset, long count, uint flags);
}
