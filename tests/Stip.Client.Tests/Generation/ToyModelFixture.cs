using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Generation;

/// <summary>A toy's bundle, server and client.</summary>
internal sealed class ToyModelFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StipHttpClient _client;

    public ToyModelFixture(int maxTopK = 16)
    {
        Server = new ToyServer(Toy, maxTopK);
        ToyBundle.Write(_folder.Path, Toy);
        var options = new StipHttpClientOptions { RetryDelay = TimeSpan.FromMilliseconds(1) };
        _client = new StipHttpClient(
            StipConnection.Open(new Uri("http://toy.test"), "key", options, Server), options);
        Model = new StipModel(Bundle.Open(_folder.Path), _client);
    }

    public ToyModel Toy { get; } = new();

    public ToyServer Server { get; }

    public StipModel Model { get; }

    public void Dispose()
    {
        _client.Dispose();
        Model.Bundle.Dispose();
        _folder.Dispose();
    }
}
