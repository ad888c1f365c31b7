using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Speculation;
using Stip.Client.Transport;

namespace Stip.Client.Chat;

/// <summary>Everything under a model of a container, disposed together.</summary>
internal sealed class StipOpening : IDisposable
{
    private readonly StipHttpClient _client;
    private readonly DraftModel? _draft;

    private StipOpening(StipHttpClient client, Bundle bundle, DraftModel? draft)
    {
        (_client, _draft) = (client, draft);
        Model = new StipModel(bundle, client) { Draft = draft };
    }

    public StipModel Model { get; }

    public static StipOpening Open(StipOptions options)
    {
        var bundle = Bundle.Open(options.Bundle);
        DraftModel? draft = null;
        try
        {
            draft = (options.Draft ?? bundle.DraftFolder) is { } folder ? DraftModel.Open(folder) : null;
            return new StipOpening(StipHttpClient.Connect(options.Endpoint, options.ApiKey), bundle, draft);
        }
        catch
        {
            draft?.Dispose();
            bundle.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _draft?.Dispose();
        Model.Bundle.Dispose();
    }
}
