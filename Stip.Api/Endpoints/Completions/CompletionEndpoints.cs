using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Errors;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Completions;

namespace Stip.Api.Endpoints.Completions;

/// <summary><c>POST /v1/permuted/completions</c>.</summary>
internal static class CompletionEndpoints
{
    public static void MapCompletions(this IEndpointRouteBuilder routes) =>
        routes.MapPost(StipRoutes.Completions, HandleAsync)
            .RequireScope(ApiKeyScopes.Infer)
            .WithTags("Inference")
            .WithName("CreatePermutedCompletion")
            .WithSummary("Prefill or decode: appends permuted rows to a session and answers with permuted logits")
            .Accepts<CompletionRequest>(MediaTypes.Json, StipRoutes.SafetensorsMediaType)
            .Produces<CompletionResponse>(200, MediaTypes.Json, StipRoutes.SafetensorsMediaType)
            .Refuses(400, 401, 403, 404, 409, 410, 413, 415, 429, 503);

    private static async Task HandleAsync(
        HttpContext context, StepReader reader, TimeProvider clock)
    {
        var started = clock.GetTimestamp();
        if (MediaTypes.Refused(context.Request) is { } other)
        {
            await other.ExecuteAsync(context);
            return;
        }

        if (!(await reader.ReadAsync(context)).Is(out var prepared, out var refusal))
        {
            await ErrorAnswer.WriteAsync(context, refusal);
            return;
        }

        using (prepared)
        {
            var declaration = prepared.Step.Declaration;
            context.Features.Set(
                new StepTrace(declaration.Decoder.Model, declaration.AllRowCount, declaration.SessionId));
            var outcome = await prepared.Decoder.StepAsync(
                context.ApiKey().Id, prepared.Step, context.RequestAborted);
            if (!outcome.Is(out var answer, out refusal))
            {
                await ErrorAnswer.WriteAsync(context, refusal);
                return;
            }

            using (answer)
            {
                StepSpans.Record(declaration, answer.Times, clock);
                using var copy = StepSpans.Copy();
                ServerTiming.Write(context.Response, answer.Times, clock.GetElapsedTime(started));
                try
                {
                    await StepWriter.WriteAsync(context, StepAnswers.Of(
                        declaration, answer, StepAnswers.NewId(), clock.GetUtcNow().ToUnixTimeSeconds()));
                }
                catch when (declaration.SessionId is null && answer.SessionId is not null)
                {
                    // Nobody was told the name of what was opened here.
                    await prepared.Decoder.ReleaseAsync(
                        context.ApiKey().Id, answer.SessionId, CancellationToken.None);
                    throw;
                }
            }
        }
    }
}
