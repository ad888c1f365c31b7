using Stip.Client.Bundles;
using Stip.Client.Embedding;
using Stip.Client.Encoders;
using Stip.Client.Generation;
using Stip.Client.Speculation;
using Stip.Client.Transport;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary>One server and the models that are asked through it.</summary>
/// <param name="client">Owned.</param>
/// <param name="unsealed">Folders of bundles that were sealed; owned.</param>
internal sealed class Connection(StipHttpClient client, UnsealedBundles unsealed) : IDisposable
{
    private readonly List<Bundle> _bundles = [];
    private readonly List<StipModel> _models = [];
    private readonly List<StipEncoder> _encoders = [];
    private readonly Dictionary<string, DraftModel> _drafts = [];
    private readonly Dictionary<StipModel, PlainRows> _plainRows = [];

    /// <summary>Those that generate text.</summary>
    public IReadOnlyList<StipModel> Models => _models;

    /// <summary>Those that embed, classify or fill.</summary>
    public IReadOnlyList<StipEncoder> Encoders => _encoders;

    /// <summary>True rows, where they are on this machine.</summary>
    public IReadOnlyDictionary<StipModel, PlainRows> PlainRows => _plainRows;

    /// <param name="bundle">Owned from now on.</param>
    /// <param name="draft">Folder of a draft model; null takes the bundle's own, where it has one.</param>
    public void Add(Bundle bundle, string? draft)
    {
        var id = bundle.Manifest.Model;
        if (_bundles.Exists(other => other.Manifest.Model == id))
        {
            bundle.Dispose();
            throw new RefusedException($"two bundles are of model '{id}'");
        }

        _bundles.Add(bundle);
        if (bundle.GeneratesText)
        {
            _models.Add(new StipModel(bundle, client) { Draft = OpenDraft(draft ?? bundle.DraftFolder) });
        }
        else
        {
            _encoders.Add(new StipEncoder(bundle, client));
        }
    }

    /// <summary>The only model that generates text, or the one of that name.</summary>
    public StipModel Pick(string? name) => _models.Find(model => model.Id == PickName(name))
        ?? new StipModel(Find(PickName(name)), client);

    /// <summary>The only encoder, or the one of that name.</summary>
    public StipEncoder PickEncoder(string? name) => _encoders.Find(encoder => encoder.Id == PickName(name))
        ?? new StipEncoder(Find(PickName(name)), client);

    /// <summary>Opens folders of <c>export</c>, each for the model whose rows it has.</summary>
    public void AddPlainRows(IEnumerable<string> folders)
    {
        foreach (var folder in folders)
        {
            var model = _models.Find(model => !_plainRows.ContainsKey(model))
                ?? throw new RefusedException($"--plain '{folder}' is one more than there are models");
            _plainRows[model] = Client.Embedding.PlainRows.Open(folder, model.Bundle);
        }
    }

    public void Dispose()
    {
        foreach (var rows in _plainRows.Values)
        {
            rows.Dispose();
        }

        client.Dispose();
        foreach (var draft in _drafts.Values)
        {
            draft.Dispose();
        }

        _bundles.ForEach(bundle => bundle.Dispose());
        unsealed.Dispose();
    }

    private DraftModel? OpenDraft(string? folder)
    {
        if (folder is not null && !_drafts.ContainsKey(folder))
        {
            _drafts[folder] = DraftModel.Open(folder);
        }

        return folder is null ? null : _drafts[folder];
    }

    private Bundle Find(string name) => _bundles.First(bundle => bundle.Manifest.Model == name);

    // A model of the wrong kind is found as well, so that the refusal says what it is.
    private string PickName(string? name) => (name, _bundles) switch
    {
        (null, [var only]) => only.Manifest.Model,
        (null, _) => throw new RefusedException($"--model is needed to choose between {Names}"),
        _ => _bundles.Exists(bundle => bundle.Manifest.Model == name)
            ? name
            : throw new RefusedException($"--model '{name}' is not one of {Names}"),
    };

    private string Names => string.Join(", ", _bundles.Select(bundle => bundle.Manifest.Model));
}
