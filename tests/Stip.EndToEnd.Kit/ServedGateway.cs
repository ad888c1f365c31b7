using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Kit;

/// <summary>A gateway process that serves bundles on the loopback address.</summary>
public sealed class ServedGateway : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly BuiltProgram _program;

    private ServedGateway(BuiltProgram program, Uri address)
    {
        _program = program;
        Http = new HttpClient { BaseAddress = address };
    }

    /// <summary>Its base address ends with <c>/v1/</c>.</summary>
    public HttpClient Http { get; }

    public static async Task<ServedGateway> StartAsync(
        SharedServer shared, IEnumerable<string> checkpoints, CancellationToken cancellation)
    {
        var bundles = new List<string>();
        foreach (var checkpoint in checkpoints)
        {
            bundles.Add(await shared.PushedAsync(checkpoint));
        }

        return await StartAsync(shared.Server, bundles, cancellation);
    }

    /// <param name="server">Has the packages.</param>
    /// <param name="bundles">Folders.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task<ServedGateway> StartAsync(
        ApiProcess server, IEnumerable<string> bundles, CancellationToken cancellation)
    {
        var program = BuiltProgram.Start(
            "Stip.Gateway",
            [
                "serve", "--port", "0", .. bundles.SelectMany(bundle => new[] { "--bundle", bundle }),
                "--endpoint", server.Endpoint.ToString(), "--api-key", server.ApiKey,
            ]);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        while (true)
        {
            if (program.HasExited)
            {
                throw new InvalidOperationException($"the gateway ended: {program.Output}");
            }

            var words = program.Output.Split([' ', '\n']);
            if (Array.Find(words, word => word.EndsWith("/v1", StringComparison.Ordinal)) is { } url)
            {
                return new ServedGateway(program, new Uri(url + "/"));
            }

            await Task.Delay(50, patience.Token);
        }
    }

    public ValueTask DisposeAsync()
    {
        Http.Dispose();
        return _program.DisposeAsync();
    }
}
