using Stip.Client.Encoders;
using Stip.Gateway.OpenAi;
using Stip.Protocol.Errors;

namespace Stip.Gateway.Serving;

/// <summary>The encoders behind the gateway, by name.</summary>
internal sealed class ServedEncoders(IReadOnlyList<StipEncoder> encoders, ServedModels models)
{
    public IReadOnlyList<StipEncoder> All => encoders;

    public StipEncoder Find(string id) => encoders.FirstOrDefault(encoder => encoder.Id == id)
        ?? throw (models.All.Any(model => model.Id == id)
            ? OpenAiException.Unsupported("model", $"'{id}' generates text; embeddings need an encoder")
            : new OpenAiException(
                StatusCodes.Status404NotFound,
                StipErrorCode.ModelNotFound.Name(),
                $"there is no encoder '{id}', only {Names}",
                "model"));

    private string Names => encoders.Count == 0 ? "none" : string.Join(", ", encoders.Select(encoder => encoder.Id));
}
