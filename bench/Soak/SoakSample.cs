using System.Diagnostics;
using Stip.Bench.Serving;

namespace Stip.Bench.Soak;

/// <summary>What the server holds at a moment.</summary>
/// <param name="ResidentMib">Memory of its process.</param>
/// <param name="Handles">Open files and sockets.</param>
/// <param name="Threads">Its threads.</param>
/// <param name="Sessions">Slots in use.</param>
internal sealed record SoakSample(double ResidentMib, int Handles, int Threads, double Sessions)
{
    public static async Task<SoakSample> TakeAsync(BenchServer server, CancellationToken cancellationToken)
    {
        using var process = Process.GetProcessById(server.Process.ProcessId);
        var files = $"/proc/{process.Id}/fd";
        return new SoakSample(
            process.WorkingSet64 / (double)(1 << 20),
            Directory.Exists(files) ? Directory.EnumerateFileSystemEntries(files).Count() : process.HandleCount,
            process.Threads.Count,
            (await ServerGauges.ReadAsync(server, cancellationToken)).Sessions);
    }
}
