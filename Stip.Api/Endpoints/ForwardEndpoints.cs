using Microsoft.Extensions.Options;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Endpoints.Limits;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Errors;
using Stip.Protocol.Forward;

namespace Stip.Api.Endpoints;

/// <summary><c>POST /v1/permuted/forward</c>.</summary>
internal static class ForwardEndpoints
{
    public static void MapForward(this IEndpointRouteBuilder routes) => routes.MapPost(StipRoutes.Forward, HandleAsync)
        .RequireScope(ApiKeyScopes.Infer)
        .WithTags("Inference")
        .WithSummary("One pass of a graph without a cache")
        .Accepts<ForwardRequest>(MediaTypes.Json, StipRoutes.SafetensorsMediaType)
        .Produces<ForwardResponse>(200, MediaTypes.Json, StipRoutes.SafetensorsMediaType)
        .Refuses(400, 401, 403, 404, 413, 415, 429, 503);

    private static async Task<IResult> HandleAsync(
        HttpContext context, ModelRegistry registry, KeyLimits limits, IOptions<EngineOptions> options)
    {
        if (MediaTypes.Refused(context.Request) is { } other)
        {
            return other;
        }

        var most = ForwardSizes.MaxBodyBytes(
            registry.All.Where(model => context.ApiKey().Allows(model.Id)), options.Value.MaxBatch);
        if (!(await ForwardReader.ReadAsync(context, most, registry.IsWhole)).Is(out var request, out var refusal))
        {
            return new ErrorAnswer(refusal);
        }

        if (registry.Find(request.Model) is not { } model || !context.ApiKey().Allows(model.Id))
        {
            return new ErrorAnswer(registry.NotFound("there is no such model for this key", "model"));
        }

        var role = request.Graph ?? (model.Forwards.Count == 1 ? model.Forwards.Keys.First() : null);
        if (role is null || !model.Forwards.TryGetValue(role, out var host))
        {
            var known = model.Forwards.Count == 0 ? "none" : string.Join(", ", model.Forwards.Keys);
            return Refused(
                StipErrorCode.UnsupportedParameter,
                $"graph '{Quoted.Text(request.Graph)}' is not one of this model's: {known}", "graph");
        }

        if (!ValidInputs.Judge(host.Graph, request.Inputs).Is(out var inputs, out refusal))
        {
            return new ErrorAnswer(refusal);
        }

        if (ForwardSizes.TokensBeyond(model.Manifest, inputs) is { } tokens)
        {
            return Refused(
                StipErrorCode.ContextLengthExceeded,
                $"{tokens} tokens are more than the {model.Manifest.ContextLength} of model '{model.Id}'", "inputs");
        }

        var rows = ForwardSizes.Rows(inputs, model.Manifest.HiddenSize);
        if (limits.TakeTokens(context.ApiKey(), rows) is { } tooMany)
        {
            return new ErrorAnswer(tooMany);
        }

        context.Features.Set(new StepTrace(model.Id, rows, null));
        if (!(await host.RunAsync(inputs, context.RequestAborted)).Is(out var outputs, out refusal))
        {
            return new ErrorAnswer(refusal);
        }

        var id = "fwd_" + Guid.CreateVersion7().ToString("N");
        var answer = new ForwardResponse(id, ForwardResponse.ObjectName, model.Id, outputs);
        return MediaTypes.WantsSafetensors(context.Request)
            ? Results.Bytes(ForwardCodec.Write(answer), StipRoutes.SafetensorsMediaType)
            : Answer.Json(answer);
    }

    private static ErrorAnswer Refused(StipErrorCode code, string message, string? param) =>
        new(new Refusal(code, message, param));
}
