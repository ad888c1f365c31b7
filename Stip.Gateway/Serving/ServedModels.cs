using Stip.Client.Embedding;
using Stip.Client.Encoders;
using Stip.Client.Generation;
using Stip.Gateway.OpenAi;
using Stip.Protocol.Errors;

namespace Stip.Gateway.Serving;

/// <summary>The models behind the gateway, by name.</summary>
internal sealed class ServedModels(
    IReadOnlyList<StipModel> models,
    DateTimeOffset started,
    IReadOnlyDictionary<StipModel, PlainRows>? plainRows = null,
    IReadOnlyList<StipEncoder>? encoders = null) : IAsyncDisposable
{
    private readonly Dictionary<StipModel, SessionPool> _sessions =
        models.ToDictionary(model => model, model => new SessionPool(model));

    public IReadOnlyList<StipModel> All => models;

    /// <summary>Whether tokens are guessed and sent with others (<see cref="GenerationOptions.Speculates"/>).</summary>
    public bool Speculates { get; init; } = true;

    /// <summary>Unix seconds of the gateway's start: a bundle has no date of its own.</summary>
    public long Created { get; } = started.ToUnixTimeSeconds();

    public StipModel Find(string id) => models.FirstOrDefault(model => model.Id == id)
        ?? throw (Encoders.Contains(id)
            ? OpenAiException.Unsupported("model", $"'{id}' is an encoder, which /v1/embeddings takes")
            : new OpenAiException(
                StatusCodes.Status404NotFound,
                StipErrorCode.ModelNotFound.Name(),
                $"there is no model '{id}', only {string.Join(", ", Names)}",
                "model"));

    private IEnumerable<string> Names => models.Select(model => model.Id).Concat(Encoders);

    private IEnumerable<string> Encoders => (encoders ?? []).Select(encoder => encoder.Id);

    /// <summary>The sessions of a model's conversations.</summary>
    public SessionPool Sessions(StipModel model) => _sessions[model];

    /// <summary>A model's true rows; null where they are not on this machine.</summary>
    public PlainRows? PlainRows(StipModel model) => plainRows?.GetValueOrDefault(model);

    public async ValueTask DisposeAsync()
    {
        foreach (var sessions in _sessions.Values)
        {
            await sessions.DisposeAsync();
        }
    }
}
