using System.Collections.Concurrent;
using Stip.Client.Transport;
using Stip.TestKit;
using Stip.TestKit.Processes;
using Xunit;

namespace Stip.EndToEnd.Kit;

/// <summary>One server for all tests that do not harm it; models come to it when a test first asks for them.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _pushed = new();

    public ApiProcess Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await ApiProcess.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>The folder of the protected package, once the server has it.</summary>
    /// <param name="checkpoint">Its checkpoint.</param>
    /// <param name="mode"><c>permutation</c>, or <c>none</c> under another id.</param>
    public Task<string> PushedAsync(string checkpoint, string mode = "permutation") => _pushed.GetOrAdd(
        $"{checkpoint} {mode}",
        _ => new(async () =>
        {
            var package = await ModelPackages.ProtectAsync(
                checkpoint, mode, mode == "none" ? $"{checkpoint}-open" : null);
            await Server.PushAsync(package);
            return package;
        })).Value;

    /// <summary>The model as its owner uses it.</summary>
    public async Task<OpenModel> OpenAsync(string checkpoint, StipHttpClientOptions? options = null) =>
        OpenModel.Open(Server, await PushedAsync(checkpoint), options);
}
