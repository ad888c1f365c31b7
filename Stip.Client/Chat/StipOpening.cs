using Stip.Client.Bundles;
using Stip.Client.Encoders;
using Stip.Client.Generation;
using Stip.Client.Speculation;
using Stip.Client.Transport;

namespace Stip.Client.Chat;

/// <summary>Everything under the models of a container: opened when it is first asked for, disposed together.</summary>
internal sealed class StipOpening : IDisposable
{
    private readonly StipOptions _options;
    private readonly StipHttpClient _client;
    private readonly List<IDisposable> _opened = [];
    private readonly Lazy<StipModel> _model;
    private readonly Lazy<StipEncoder> _encoder;

    public StipOpening(StipOptions options)
    {
        (_options, _client) = (options, StipHttpClient.Connect(options.Endpoint, options.ApiKey));
        (_model, _encoder) = (new(OpenModel), new(OpenEncoder));
    }

    public StipModel Model => _model.Value;

    public StipEncoder Encoder => _encoder.Value;

    public void Dispose()
    {
        _client.Dispose();
        lock (_opened)
        {
            _opened.ForEach(opened => opened.Dispose());
            _opened.Clear();
        }
    }

    private StipModel OpenModel()
    {
        var bundle = Keep(Bundle.Open(_options.Bundle));
        var draft = (_options.Draft ?? bundle.DraftFolder) is { } folder ? Keep(DraftModel.Open(folder)) : null;
        return new StipModel(bundle, _client) { Draft = draft };
    }

    private StipEncoder OpenEncoder() => new(Keep(Bundle.Open(_options.Encoder ?? _options.Bundle)), _client);

    // What was opened is closed with the container, also where the rest of it then failed.
    private T Keep<T>(T opened)
        where T : IDisposable
    {
        lock (_opened)
        {
            _opened.Add(opened);
        }

        return opened;
    }
}
