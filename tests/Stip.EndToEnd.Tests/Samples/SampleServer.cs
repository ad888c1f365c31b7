using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Samples;

/// <summary>
/// A live server for the tests of the samples, with two protected models: one that only looks rows up, one that adds
/// positions.
/// </summary>
[CollectionDefinition(nameof(SampleServer))]
public sealed class SampleServer : IAsyncLifetime, ICollectionFixture<SampleServer>
{
    private ApiProcess? _server;

    /// <summary>The models that it hosts.</summary>
    public static IReadOnlyList<string> Models { get; } = ["stories", "stories-gpt2"];

    /// <summary>The running process.</summary>
    public ApiProcess Server => _server ?? throw new InvalidOperationException("the server has not been started");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _server = await ApiProcess.StartAsync();
        foreach (var model in Models)
        {
            await _server.PushAsync(await ModelPackages.ProtectAsync(model));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
