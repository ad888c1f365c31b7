using Microsoft.Extensions.Options;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Errors;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;

namespace Stip.Api.Endpoints;

/// <summary><c>/v1/permuted/sessions</c>: a key sees its own sessions only.</summary>
internal static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        var sessions = routes.MapGroup(StipRoutes.Sessions).RequireScope(ApiKeyScopes.Infer).WithTags("Inference");
        sessions.MapPost("", OpenAsync).WithSummary("Reserves a cache")
            .Produces<SessionObject>().Refuses(400, 401, 403, 404, 429, 503);
        sessions.MapGet("", ListAsync).WithSummary("Lists the sessions of this key")
            .Produces<ListObject<SessionObject>>().Refuses(401, 403);
        sessions.MapGet("{id}", GetAsync).WithSummary("Shows a session")
            .Produces<SessionObject>().Refuses(401, 403, 410);
        sessions.MapDelete("{id}", DeleteAsync).WithSummary("Releases a session and zeroes its cache")
            .Produces<DeletedObject>().Refuses(401, 403, 410);
        sessions.MapPost("{id}/fork", ForkAsync).WithSummary("Opens a session that begins as another one")
            .Produces<SessionObject>().Refuses(400, 401, 403, 409, 410, 429, 503);
    }

    private static async Task<IResult> OpenAsync(
        SessionCreateRequest request, HttpContext context, StepDesk desk, IOptions<EngineOptions> options)
    {
        if (!desk.Decoder(context.ApiKey(), request.Model).Is(out var decoder, out var refusal))
        {
            return new ErrorAnswer(refusal);
        }

        var judged = StepDeclaration.JudgeLength(decoder.Snapshot, request.MaxLength, options.Value);
        if (!judged.Is(out var length, out refusal))
        {
            return new ErrorAnswer(refusal);
        }

        var opened = await decoder.OpenAsync(context.ApiKey().Id, length, context.RequestAborted);
        return Named(decoder, opened);
    }

    private static async Task<IResult> ForkAsync(
        string id,
        SessionForkRequest? request,
        HttpContext context,
        ModelRegistry registry,
        IOptions<EngineOptions> options)
    {
        foreach (var decoder in HoldersOf(id, context, registry).Select(model => model.Decoder!))
        {
            var own = await decoder.SessionsOfAsync(context.ApiKey().Id, context.RequestAborted);
            if (own.All(session => session.Id != id))
            {
                continue;
            }

            if (StepDeclaration.JudgeLength(decoder.Snapshot, request?.MaxLength, options.Value).Refusal is { } refusal)
            {
                return new ErrorAnswer(refusal);
            }

            return Named(decoder, await decoder.ForkAsync(
                context.ApiKey().Id, id, request?.Position, request?.MaxLength, context.RequestAborted));
        }

        return new ErrorAnswer(Lost);
    }

    private static async Task<IResult> ListAsync(HttpContext context, ModelRegistry registry) =>
        Answer.Json(new ListObject<SessionObject>(await OfAsync(context, registry.Serving)));

    private static async Task<IResult> GetAsync(string id, HttpContext context, ModelRegistry registry)
    {
        var found = await OfAsync(context, HoldersOf(id, context, registry));
        var session = found.FirstOrDefault(session => session.Id == id);
        return session is null ? new ErrorAnswer(Lost) : Answer.Json(session);
    }

    private static async Task<IResult> DeleteAsync(string id, HttpContext context, ModelRegistry registry)
    {
        foreach (var model in HoldersOf(id, context, registry))
        {
            if (await model.Decoder!.ReleaseAsync(context.ApiKey().Id, id, context.RequestAborted))
            {
                return Answer.Json(new DeletedObject(id, SessionObject.ObjectName));
            }
        }

        return new ErrorAnswer(Lost);
    }

    // Others are not asked: a step of theirs that runs for long would be waited for.
    private static IEnumerable<HostedModel> HoldersOf(string id, HttpContext context, ModelRegistry registry) =>
        registry.Serving.Where(model => model.Decoder?.Holds(context.ApiKey().Id, id) ?? false);

    private static async Task<IReadOnlyList<SessionObject>> OfAsync(
        HttpContext context, IEnumerable<HostedModel> models)
    {
        var found = new List<SessionObject>();
        foreach (var model in models)
        {
            if (model.Decoder is { } decoder)
            {
                var sessions = await decoder.SessionsOfAsync(context.ApiKey().Id, context.RequestAborted);
                found.AddRange(sessions.Select(session => ToObject(model.Id, session)));
            }
        }

        return found;
    }

    private static IResult Named(DecoderHost decoder, Outcome<SessionSnapshot> opened) =>
        opened.Is(out var session, out var refusal)
            ? new OpenedSession(decoder, ToObject(decoder.Snapshot.Model, session))
            : new ErrorAnswer(refusal);

    private static Refusal Lost => new(StipErrorCode.SessionLost, "there is no such session of this key", "id");

    private static SessionObject ToObject(string model, SessionSnapshot session) => new(
        session.Id, SessionObject.ObjectName, model, session.CreatedAt.ToUnixTimeSeconds(),
        session.ExpiresAt.ToUnixTimeSeconds(), session.CachedTokens, session.MaxLength);
}
