using Microsoft.Extensions.Time.Testing;
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
    private readonly List<Bundle> _others = [];

    /// <param name="maxTopK">What the server allows.</param>
    /// <param name="vocabSize">Few tokens repeat each other soon.</param>
    /// <param name="slowRounds">A round takes 250 ms by the client's clock, however many rows it has.</param>
    /// <param name="tokenizer">A tokenizer.json; null for none.</param>
    /// <param name="template">A chat template; null for none.</param>
    public ToyModelFixture(
        int maxTopK = 16,
        int vocabSize = 64,
        bool slowRounds = false,
        string? tokenizer = null,
        string? template = null)
    {
        Toy = new ToyModel(vocabSize);
        Server = new ToyServer(Toy, maxTopK);
        ToyBundle.Write(_folder.Path, Toy);
        if (tokenizer is not null)
        {
            File.Copy(tokenizer, _folder.At("tokenizer.json"));
        }

        if (template is not null)
        {
            File.WriteAllText(_folder.At("chat_template.jinja"), template);
        }

        var options = new StipHttpClientOptions { RetryDelay = TimeSpan.FromMilliseconds(1) };
        if (slowRounds)
        {
            Server.DuringStep = () => Clock.Advance(TimeSpan.FromMilliseconds(250));
            options = options with { Time = Clock };
        }

        _client = new StipHttpClient(
            StipConnection.Open(new Uri("http://toy.test"), "key", options, Server), options);
        Model = new StipModel(Bundle.Open(_folder.Path), _client);
    }

    /// <summary>The client's clock with slow rounds.</summary>
    public FakeTimeProvider Clock { get; } = new();

    public ToyModel Toy { get; }

    public ToyServer Server { get; }

    public StipModel Model { get; }

    /// <summary>Another model at the same server and through the same client, which has the same weights.</summary>
    public StipModel AddModel(string name)
    {
        Server.Names = [.. Server.Names, name];
        ToyBundle.Write(_folder.At(name), Toy, manifest => manifest["model"] = name);
        _others.Add(Bundle.Open(_folder.At(name)));
        return new StipModel(_others[^1], _client);
    }

    public void Dispose()
    {
        _client.Dispose();
        _others.ForEach(bundle => bundle.Dispose());
        Model.Bundle.Dispose();
        _folder.Dispose();
    }
}
