using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Kit;

/// <summary>A bundle, a client and the model of both.</summary>
public sealed class OpenModel : IDisposable
{
    private readonly StipHttpClient _client;

    private OpenModel(StipHttpClient client, Bundle bundle) =>
        (_client, Model) = (client, new StipModel(bundle, client));

    public StipModel Model { get; }

    public static OpenModel Open(ApiProcess server, string package, StipHttpClientOptions? options = null) =>
        Open(server.Endpoint, server.ApiKey, package, options);

    public static OpenModel Open(
        Uri endpoint,
        string apiKey,
        string package,
        StipHttpClientOptions? options = null,
        bool allowUnprotected = false) =>
        new(StipHttpClient.Connect(endpoint, apiKey, options), Bundle.Open(package, allowUnprotected));

    public async Task<int[]> GreedyAsync(int[] prompt, int count, CancellationToken cancellationToken)
    {
        var options = new GenerationOptions { MaxNewTokens = count, IgnoreEndOfSequence = true };
        var ids = new List<int>();
        await foreach (var token in Model.GenerateAsync(prompt, options, cancellationToken))
        {
            ids.Add(token.Id);
        }

        return [.. ids];
    }

    public void Dispose()
    {
        _client.Dispose();
        Model.Bundle.Dispose();
    }
}
