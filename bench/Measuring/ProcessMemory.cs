using System.Globalization;

namespace Stip.Bench.Measuring;

/// <summary>Memory of this process as Linux counts it.</summary>
/// <param name="AnonymousMib">Pages of its own, which need swap or memory.</param>
/// <param name="MappedMib">Resident pages of files, which the system drops and reads again as it likes.</param>
internal sealed record ProcessMemory(double AnonymousMib, double MappedMib)
{
    public static ProcessMemory Now()
    {
        var kib = File.ReadLines("/proc/self/smaps_rollup")
            .Select(line => line.Split((char[])[':', ' '], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is [_, _, "kB"])
            .ToDictionary(words => words[0], words => double.Parse(words[1], CultureInfo.InvariantCulture));
        return new ProcessMemory(kib["Anonymous"] / 1024, (kib["Rss"] - kib["Anonymous"]) / 1024);
    }
}
