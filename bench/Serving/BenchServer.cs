using Stip.Bench.Models;
using Stip.Client.Bundles;
using Stip.Client.Encoders;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.TestKit.Processes;

namespace Stip.Bench.Serving;

/// <summary>A server in a process of its own, and clients of it in this one.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private const string Engine = "Stip__Api__Engine__";
    private readonly List<IDisposable> _open = [];

    private BenchServer(ApiProcess process) => Process = process;

    public ApiProcess Process { get; }

    /// <param name="engine">Settings of the engine.</param>
    public static async Task<BenchServer> StartAsync(params (string Name, object Value)[] engine) => new(
        await ApiProcess.StartAsync(engine.ToDictionary(
            setting => Engine + setting.Name, setting => FormattableString.Invariant($"{setting.Value}"))));

    public async Task<ServedPair> HostAsync(MadeModel model)
    {
        await Process.PushAsync(model.Protected);
        await Process.PushAsync(model.Plain);
        return new ServedPair(
            this, model, Connect(model.Protected), Connect(model.Protected, streams: false), Connect(model.Plain));
    }

    /// <summary>A client of a package, with connections of its own.</summary>
    /// <param name="package">What <c>protect</c> wrote.</param>
    /// <param name="streams">False for HTTP alone.</param>
    /// <param name="endpoint">Another way to the server; null for the direct one.</param>
    public StipModel Connect(string package, bool streams = true, Uri? endpoint = null)
    {
        var client = StipHttpClient.Connect(
            endpoint ?? Process.Endpoint, Process.ApiKey, new StipHttpClientOptions { Streams = streams });
        var bundle = Bundle.Open(Path.Combine(package, "client"), allowUnprotected: true);
        _open.AddRange([bundle, client]);
        return new StipModel(bundle, client);
    }

    /// <summary>The same for an encoder.</summary>
    public StipEncoder ConnectEncoder(string package)
    {
        var client = StipHttpClient.Connect(Process.Endpoint, Process.ApiKey);
        var bundle = Bundle.Open(Path.Combine(package, "client"), allowUnprotected: true);
        _open.AddRange([bundle, client]);
        return new StipEncoder(bundle, client);
    }

    public async ValueTask DisposeAsync()
    {
        _open.ForEach(item => item.Dispose());
        await Process.DisposeAsync();
    }
}
