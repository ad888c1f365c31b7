using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary>One server and the models that are asked through it.</summary>
internal sealed class Connection(StipHttpClient client) : IDisposable
{
    private readonly List<StipModel> _models = [];

    public IReadOnlyList<StipModel> Models => _models;

    public void Add(Bundle bundle)
    {
        var model = new StipModel(bundle, client);
        if (_models.Any(other => other.Id == model.Id))
        {
            bundle.Dispose();
            throw new RefusedException($"two bundles are of model '{model.Id}'");
        }

        _models.Add(model);
    }

    /// <summary>The only model, or the one of that name.</summary>
    public StipModel Pick(string? name) => (name, _models) switch
    {
        (null, [var only]) => only,
        (null, _) => throw new RefusedException($"--model is needed to choose between {Names}"),
        _ => _models.FirstOrDefault(model => model.Id == name)
            ?? throw new RefusedException($"--model '{name}' is not one of {Names}"),
    };

    public void Dispose()
    {
        client.Dispose();
        _models.ForEach(model => model.Bundle.Dispose());
    }

    private string Names => string.Join(", ", _models.Select(model => model.Id));
}
