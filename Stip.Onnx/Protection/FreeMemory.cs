using System.Globalization;

namespace Stip.Onnx.Protection;

/// <summary>How much memory this process can still take without making the system swap.</summary>
internal static class FreeMemory
{
    private const string LinuxFile = "/proc/meminfo";
    private const string AvailableEntry = "MemAvailable:";
    private const long Kibibyte = 1024;

    public static long Bytes()
    {
        // What a container grants is the total that the runtime sees.
        var granted = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return Math.Min(granted, Available() ?? granted - Environment.WorkingSet);
    }

    private static long? Available()
    {
        if (!File.Exists(LinuxFile))
        {
            return null;
        }

        var entry = File.ReadLines(LinuxFile)
            .FirstOrDefault(line => line.StartsWith(AvailableEntry, StringComparison.Ordinal));
        return entry?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var number, ..]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes)
            ? kibibytes * Kibibyte
            : null;
    }
}
