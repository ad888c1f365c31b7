using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Bench.Scenarios;

/// <summary>One server that hosts the protected and the unprotected package of a model, and the bare graph.</summary>
internal sealed class ServedPair : IAsyncDisposable
{
    private readonly ApiProcess _server;
    private readonly StipHttpClient _client;
    private readonly StipHttpClient _http;
    private readonly TemporaryFolder _folder;

    private ServedPair(
        ApiProcess server, TemporaryFolder folder, string exportedFolder, string protectedFolder, string plainFolder)
    {
        (_server, _folder) = (server, folder);
        _client = StipHttpClient.Connect(server.Endpoint, server.ApiKey);
        Protected = new StipModel(Bundle.Open(Path.Combine(protectedFolder, "client")), _client);
        _http = StipHttpClient.Connect(
            server.Endpoint, server.ApiKey, new StipHttpClientOptions { Streams = false });
        OverHttp = new StipModel(Protected.Bundle, _http);
        Plain = new StipModel(Bundle.Open(Path.Combine(plainFolder, "client"), allowUnprotected: true), _client);
        ExportedFolder = exportedFolder;
    }

    public StipModel Protected { get; }

    public StipModel Plain { get; }

    /// <summary>The protected one without WebSockets.</summary>
    public StipModel OverHttp { get; }

    public string ExportedFolder { get; }

    public static async Task<ServedPair> StartAsync(string model)
    {
        var folder = new TemporaryFolder();
        var (exported, permuted, plain) = model == RandomModel.Name
            ? await RandomModel.MakeAsync(folder.Path)
            : (await ModelPackages.ExportAsync(model), await ModelPackages.ProtectAsync(model),
                await ModelPackages.ProtectAsync(model, "none", $"{model}-plain"));
        var server = await ApiProcess.StartAsync(
            new Dictionary<string, string> { ["Stip__Api__Engine__Slots"] = "300" });
        await server.PushAsync(permuted);
        await server.PushAsync(plain);
        return new ServedPair(server, folder, exported, permuted, plain);
    }

    public async ValueTask DisposeAsync()
    {
        Protected.Bundle.Dispose();
        Plain.Bundle.Dispose();
        _client.Dispose();
        _http.Dispose();
        await _server.DisposeAsync();
        _folder.Dispose();
    }
}
