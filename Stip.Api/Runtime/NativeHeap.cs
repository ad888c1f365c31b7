using System.Runtime.InteropServices;

namespace Stip.Api.Runtime;

/// <summary>The C library's heap, from which tensors of large requests and of graphs are taken. Left alone, that of
/// glibc learns from every large block that is freed to keep ones as large, up to 32 MiB: many are then held in pieces
/// that fit nothing, and the process grows for as long as it serves.</summary>
internal static partial class NativeHeap
{
    // Names and values are those of malloc.h.
    private const int TrimThreshold = -1;
    private const int MmapThreshold = -3;

    /// <summary>From so many bytes on a block has pages of its own, which go back to the machine when it is freed.
    /// </summary>
    private const int OwnPagesBytes = 1 << 20;

    // Beyond so much at its end the heap is cut.
    private const int SpareBytes = 4 << 20;

    /// <summary>True where large blocks go back from here on; false where the C library is another one, of which those
    /// of the other systems do so by themselves.</summary>
    public static bool TryGiveLargeBlocksBack()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            return Tune(MmapThreshold, OwnPagesBytes) == 1 && Tune(TrimThreshold, SpareBytes) == 1;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Tune(int what, int value);
}
