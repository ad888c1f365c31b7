using Microsoft.Extensions.Options;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Api.Registry;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
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

    private static async Task HandleAsync(
        HttpContext context,
        ModelRegistry registry,
        IOptions<EngineOptions> options,
        ForwardReader reader,
        PassDesk desk,
        TimeProvider clock)
    {
        var started = clock.GetTimestamp();
        if (MediaTypes.Refused(context.Request) is { } other)
        {
            await other.ExecuteAsync(context);
            return;
        }

        var most = ForwardSizes.MaxBodyBytes(
            registry.All.Where(model => context.ApiKey().Allows(model.Id)), options.Value.MaxBatch);
        if (!(await reader.ReadAsync(context, most, registry.IsWhole)).Is(out var pass, out var refusal))
        {
            await ErrorAnswer.WriteAsync(context, refusal);
            return;
        }

        if (!(await RunAsync(context, desk, pass)).Is(out var answer, out refusal))
        {
            await ErrorAnswer.WriteAsync(context, refusal);
            return;
        }

        using (answer)
        {
            ServerTiming.Write(context.Response, answer.Times, clock.GetElapsedTime(started));
            var package = pass.Judged.Package;
            await ForwardWriter.WriteAsync(context, new ForwardResponse(
                "fwd_" + Guid.CreateVersion7().ToString("N"), ForwardResponse.ObjectName, package.Model,
                answer.Outputs.Tensors)
            {
                Fingerprint = package.Fingerprint,
                KeyEpoch = package.KeyEpoch,
            });
        }
    }

    // The inputs go before the answer does, whose reader may take its time.
    private static async Task<Outcome<PassAnswer>> RunAsync(HttpContext context, PassDesk desk, PreparedPass pass)
    {
        using (pass)
        {
            return await desk.RunAsync(context, pass);
        }
    }
}
