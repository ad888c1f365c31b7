using Microsoft.Extensions.Options;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Errors;
using Stip.Protocol.Models;

namespace Stip.Api.Endpoints;

/// <summary><c>/v1/api_keys</c>. A key that is bound to models sees and changes keys of those models only.</summary>
internal static class ApiKeyEndpoints
{
    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup(StipRoutes.ApiKeys).RequireScope(ApiKeyScopes.KeysAdmin).WithTags("API keys");
        keys.MapPost("", CreateAsync).WithSummary("Makes an API key; its value is shown this once")
            .Produces<ApiKeyObject>().Refuses(400, 401, 403, 429);
        keys.MapGet("", List).WithSummary("Lists the API keys")
            .Produces<ListObject<ApiKeyObject>>().Refuses(401, 403, 429);
        keys.MapGet("{id}", Get).WithSummary("Shows an API key")
            .Produces<ApiKeyObject>().Refuses(401, 403, 404, 429);
        keys.MapPost("{id}/rotate", RotateAsync)
            .WithSummary("Gives an API key a new value, shown this once; the old one stays good for overlap_seconds")
            .Accepts<ApiKeyRotateRequest>(isOptional: true, MediaTypes.Json)
            .Produces<ApiKeyObject>().Refuses(400, 401, 403, 404, 429);
        keys.MapDelete("{id}", DeleteAsync).WithSummary("Revokes an API key at once and releases its sessions")
            .Produces<DeletedObject>().Refuses(400, 401, 403, 404, 429);
    }

    private static async Task<IResult> CreateAsync(
        ApiKeyCreateRequest request,
        HttpContext context,
        ApiKeyStore keys,
        IOptions<LimitOptions> limits,
        TimeProvider clock)
    {
        if (ApiKeyJudge.Judge(request, context.ApiKey(), limits.Value, clock.GetUtcNow()) is { } refusal)
        {
            return new ErrorAnswer(refusal);
        }

        var (key, value) = await keys.CreateAsync(request, context.Actor());
        return Answer.Json(ToObject(key, keys) with { Value = value });
    }

    private static IResult List(HttpContext context, ApiKeyStore keys) => Answer.Json(new ListObject<ApiKeyObject>(
        [.. keys.All.Where(key => context.ApiKey().AllowsAll(key.Models)).Select(key => ToObject(key, keys))]));

    private static IResult Get(string id, HttpContext context, ApiKeyStore keys) =>
        Find(id, context, keys) is { } key ? Answer.Json(ToObject(key, keys)) : new ErrorAnswer(NotFound);

    private static async Task<IResult> RotateAsync(
        string id, HttpContext context, ApiKeyStore keys, IOptions<LimitOptions> limits)
    {
        var request = context.Request.ContentLength is 0 || !MediaTypes.IsJson(context.Request.ContentType)
            ? null
            : await context.Request.ReadFromJsonAsync<ApiKeyRotateRequest>(StipJson.Wire, context.RequestAborted);
        if (!ApiKeyJudge.Overlap(request).Is(out var overlap, out var refusal))
        {
            return new ErrorAnswer(refusal);
        }

        if (Find(id, context, keys) is not { } key)
        {
            return new ErrorAnswer(NotFound);
        }

        // Whoever rotates a key has it.
        var end = key.ExpiresAt?.ToUnixTimeSeconds();
        return ApiKeyJudge.Reach(context.ApiKey(), key.Limits, end, limits.Value) is { } beyond
            ? new ErrorAnswer(beyond)
            : Answer.Of(
                await keys.RotateAsync(id, overlap, context.Actor()),
                rotated => ToObject(rotated.Key, keys) with { Value = rotated.Value });
    }

    private static async Task<IResult> DeleteAsync(
        string id, HttpContext context, ApiKeyStore keys, ModelRegistry registry)
    {
        if (Find(id, context, keys) is null)
        {
            return new ErrorAnswer(NotFound);
        }

        var revoked = await keys.RevokeAsync(id, context.Actor());
        if (revoked.Refusal is null)
        {
            await registry.ReleaseSessionsAsync(id);
        }

        return Answer.Of(revoked, key => new DeletedObject(key.Id, ApiKeyObject.ObjectName));
    }

    private static ApiKeyRecord? Find(string id, HttpContext context, ApiKeyStore keys) =>
        keys.Find(id) is { } key && context.ApiKey().AllowsAll(key.Models) ? key : null;

    private static Refusal NotFound => new(StipErrorCode.NotFound, "there is no such API key", "id");

    private static ApiKeyObject ToObject(ApiKeyRecord key, ApiKeyStore keys) => new(
        key.Id, ApiKeyObject.ObjectName, key.Name, key.Secrets[0].RedactedValue, key.Scopes,
        key.CreatedAt.ToUnixTimeSeconds(), key.Models, key.ExpiresAt?.ToUnixTimeSeconds(),
        keys.LastUsed(key.Id)?.ToUnixTimeSeconds(), Limits: key.Limits,
        PreviousValueExpiresAt: key.Secrets.Max(secret => secret.GoodUntil)?.ToUnixTimeSeconds());
}
