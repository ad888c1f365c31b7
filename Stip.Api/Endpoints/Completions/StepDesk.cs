using Microsoft.Extensions.Options;
using Stip.Api.Endpoints.Limits;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Completions;

/// <summary>Finds the model of a request and judges what the request declares.</summary>
internal sealed class StepDesk(ModelRegistry registry, KeyLimits limits, IOptions<EngineOptions> options)
{
    /// <summary>Longest body that any model of a key could ask for.</summary>
    public long MaxBodyBytes(ApiKeyRecord key)
    {
        var most = StepSizes.SmallestLimit;
        foreach (var (id, model) in registry.ById)
        {
            most = key.Allows(id) ? Math.Max(most, MaxBodyBytes(model)) : most;
        }

        return most;
    }

    /// <summary>Longest body that this model could ask for; little where the key may not ask it.</summary>
    public long MaxBodyBytes(ApiKeyRecord key, string? model) =>
        registry.Find(model) is { } found && key.Allows(found.Id) ? MaxBodyBytes(found) : StepSizes.SmallestLimit;

    public Refusal TooLarge(long most) => NotHere.TooLarge(registry.IsWhole, most);

    public Outcome<(DecoderHost Decoder, StepDeclaration Declaration)> Judge(
        ApiKeyRecord key, CompletionRequest? request)
    {
        if (!Decoder(key, request?.Model, request?.SessionId).Is(out var decoder, out var refusal))
        {
            return refusal;
        }

        if (!StepDeclaration.Judge(decoder.Snapshot, request!, options.Value).Is(out var declaration, out refusal))
        {
            return refusal with { Model = decoder.Snapshot.Model };
        }

        return limits.TakeTokens(key, declaration.AllRowCount) is { } tooMany
            ? tooMany with { Model = decoder.Snapshot.Model }
            : (decoder, declaration);
    }

    /// <summary>The decoder of a model that this key may ask: the one that holds the session, or the newest.</summary>
    public Outcome<DecoderHost> Decoder(ApiKeyRecord key, string? model, string? sessionId = null)
    {
        if (string.IsNullOrEmpty(model))
        {
            return new Refusal(StipErrorCode.InvalidRequest, "model is required", "model");
        }

        if (registry.Find(model) is not { } found || !key.Allows(model))
        {
            return registry.NotFound($"there is no model '{Quoted.Text(model)}' for this key", "model");
        }

        return found.DecoderOf(key.Id, sessionId) is { } decoder
            ? decoder
            : new Refusal(
                StipErrorCode.InvalidRequest, $"model '{Quoted.Text(model)}' has no decoder; use forward", "model");
    }

    private long MaxBodyBytes(HostedModel model) => StepSizes.MaxBodyBytes(model.Manifest, options.Value.MaxLength);
}
