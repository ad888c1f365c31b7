using System.Diagnostics;

namespace Stip.Bench.Serving;

/// <summary>Processor time of the client, which is this process, and of the server.</summary>
internal sealed class CpuMeter
{
    private readonly BenchServer _server;
    private readonly TimeSpan _client0;
    private readonly TimeSpan _server0;

    private CpuMeter(BenchServer server) =>
        (_server, _client0, _server0) = (server, Own(), server.Process.ProcessorTime);

    public static CpuMeter Start(BenchServer server) => new(server);

    /// <summary>Milliseconds since the start, divided by a number of tokens.</summary>
    public (double Client, double Server) PerToken(int tokens) => (
        (Own() - _client0).TotalMilliseconds / tokens,
        (_server.Process.ProcessorTime - _server0).TotalMilliseconds / tokens);

    private static TimeSpan Own()
    {
        using var own = Process.GetCurrentProcess();
        return own.TotalProcessorTime;
    }
}
