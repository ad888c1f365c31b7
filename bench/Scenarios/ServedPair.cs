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

    private ServedPair(ApiProcess server, string exportedFolder, string protectedFolder, string plainFolder)
    {
        _server = server;
        _client = StipHttpClient.Connect(server.Endpoint, server.ApiKey);
        Protected = new StipModel(Bundle.Open(Path.Combine(protectedFolder, "client")), _client);
        Plain = new StipModel(Bundle.Open(Path.Combine(plainFolder, "client"), allowUnprotected: true), _client);
        ExportedFolder = exportedFolder;
    }

    public StipModel Protected { get; }

    public StipModel Plain { get; }

    public string ExportedFolder { get; }

    public static async Task<ServedPair> StartAsync(string model)
    {
        var exported = await ModelPackages.ExportAsync(model);
        var permuted = await ModelPackages.ProtectAsync(model);
        var plain = await ModelPackages.ProtectAsync(model, "none", $"{model}-plain");
        var server = await ApiProcess.StartAsync();
        await server.PushAsync(permuted);
        await server.PushAsync(plain);
        return new ServedPair(server, exported, permuted, plain);
    }

    public async ValueTask DisposeAsync()
    {
        Protected.Bundle.Dispose();
        Plain.Bundle.Dispose();
        _client.Dispose();
        await _server.DisposeAsync();
    }
}
