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
    private static volatile bool _isMissing;

    /// <summary>Asks for it; where a system cannot, the bytes only go later.</summary>
    /// <param name="file">An open file.</param>
    /// <param name="offset">Where the bytes lie.</param>
    /// <param name="count">How many they are.</param>
    public static void Start(SafeHandle file, long offset, long count)
    {
        if (!OperatingSystem.IsLinux() || count <= 0 || _isMissing)
        {
            return;
        }

        try
        {
            _ = SyncFileRange(file, offset, count, Begin);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            _isMissing = true;
        }
    }

    [DllImport("libc", EntryPoint = "sync_file_range")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SyncFileRange(SafeHandle file, long offset, long count, uint flags);
}
