using Stip.EndToEnd.Kit;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Conformance;

/// <summary>A real gateway in front of the real server: a model that tells fables, one that sees, and one that is not
/// protected.</summary>
public sealed class GatewayProcess(SharedServer shared) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private BuiltProgram _program = null!;

    /// <summary>The address with <c>/v1</c>, as SDKs want it.</summary>
    public Uri BaseUrl { get; private set; } = null!;

    /// <summary>The address of the chat page, the token behind it.</summary>
    public Uri Page { get; private set; } = null!;

    public string Output => _program.Output;

    public async ValueTask InitializeAsync()
    {
        _program = BuiltProgram.Start(
            "Stip.Gateway",
            [
                "serve", "--port", "0", "--allow-unprotected",
                "--bundle", await shared.PushedAsync("stories"),
                "--bundle", await shared.PushedAsync("digits-llava"),
                "--bundle", await shared.PushedAsync("stories", "none"),
                "--plain", await ModelPackages.ExportAsync("stories"),
                "--endpoint", shared.Server.Endpoint.ToString(), "--api-key", shared.Server.ApiKey,
            ]);
        using var patience = new CancellationTokenSource(Patience);
        while (Page is null)
        {
            Assert.False(_program.HasExited, _program.Output);
            var words = _program.Output.Split([' ', '\n']);
            BaseUrl = Array.Find(words, word => word.EndsWith("/v1", StringComparison.Ordinal)) is { } url
                ? new Uri(url)
                : null!;
            Page = Array.Find(words, word => word.Contains("/#token=", StringComparison.Ordinal)) is { } page
                ? new Uri(page)
                : null!;
            await Task.Delay(50, patience.Token);
        }
    }

    public ValueTask DisposeAsync() => _program.DisposeAsync();
}
