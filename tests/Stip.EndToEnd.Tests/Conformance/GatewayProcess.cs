using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Conformance;

/// <summary>A real gateway in front of the real server, for clients that other people made.</summary>
public sealed class GatewayProcess(SharedServer shared) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private BuiltProgram _program = null!;

    /// <summary>The address with <c>/v1</c>, as SDKs want it.</summary>
    public Uri BaseUrl { get; private set; } = null!;

    public string Output => _program.Output;

    public async ValueTask InitializeAsync()
    {
        _program = BuiltProgram.Start(
            "Stip.Gateway",
            [
                "serve", "--port", "0", "--bundle", await shared.PushedAsync("stories"),
                "--plain", await ModelPackages.ExportAsync("stories"),
                "--endpoint", shared.Server.Endpoint.ToString(), "--api-key", shared.Server.ApiKey,
            ]);
        using var patience = new CancellationTokenSource(Patience);
        while (BaseUrl is null)
        {
            Assert.False(_program.HasExited, _program.Output);
            var words = _program.Output.Split([' ', '\n']);
            BaseUrl = Array.Find(words, word => word.EndsWith("/v1", StringComparison.Ordinal)) is { } url
                ? new Uri(url)
                : null!;
            await Task.Delay(50, patience.Token);
        }
    }

    public ValueTask DisposeAsync() => _program.DisposeAsync();
}
