using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Fixtures;

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
        var arguments = new List<string> { "serve", "--port", "0" };
        foreach (var checkpoint in checkpoints)
        {
            arguments.AddRange(["--bundle", await shared.PushedAsync(checkpoint)]);
        }

        var program = BuiltProgram.Start(
            "Stip.Gateway",
            [.. arguments, "--endpoint", shared.Server.Endpoint.ToString(), "--api-key", shared.Server.ApiKey]);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        while (true)
        {
            Assert.False(program.HasExited, program.Output);
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
