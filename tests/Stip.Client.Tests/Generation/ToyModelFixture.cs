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
            var clock = new FakeTimeProvider();
            Server.DuringStep = () => clock.Advance(TimeSpan.FromMilliseconds(250));
            options = options with { Time = clock };
        }

        _client = new StipHttpClient(
            StipConnection.Open(new Uri("http://toy.test"), "key", options, Server), options);
        Model = new StipModel(Bundle.Open(_folder.Path), _client);
    }

    public ToyModel Toy { get; }

    public ToyServer Server { get; }

    public StipModel Model { get; }

    public void Dispose()
    {
        _client.Dispose();
        Model.Bundle.Dispose();
        _folder.Dispose();
    }
}
