using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Registry.ApiKeys;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Errors;
using Stip.Protocol.Models;

namespace Stip.Api.Endpoints;

/// <summary><c>/v1/api_keys</c>.</summary>
internal static class ApiKeyEndpoints
{
    private const int MaxNameLength = 100;
    private const int MaxModels = 1000;

    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup(StipRoutes.ApiKeys).RequireScope(ApiKeyScopes.KeysAdmin).WithTags("API keys");
        keys.MapPost("", Create).WithSummary("Makes an API key; its value is shown this once")
            .Produces<ApiKeyObject>().Refuses(400, 401, 403);
        keys.MapGet("", List).WithSummary("Lists the API keys")
            .Produces<ListObject<ApiKeyObject>>().Refuses(401, 403);
        keys.MapGet("{id}", Get).WithSummary("Shows an API key")
            .Produces<ApiKeyObject>().Refuses(401, 403, 404);
        keys.MapDelete("{id}", Delete).WithSummary("Revokes an API key at once")
            .Produces<DeletedObject>().Refuses(400, 401, 403, 404);
    }

    private static IResult Create(ApiKeyCreateRequest request, ApiKeyStore keys, TimeProvider clock)
    {
        if (Judge(request, clock.GetUtcNow()) is { } refusal)
        {
            return new ErrorAnswer(refusal);
        }

        var (key, value) = keys.Create(request);
        return Answer.Json(ToObject(key, keys) with { Value = value });
    }

    private static IResult List(ApiKeyStore keys) =>
        Answer.Json(new ListObject<ApiKeyObject>([.. keys.All.Select(key => ToObject(key, keys))]));

    private static IResult Get(string id, ApiKeyStore keys) => keys.All.FirstOrDefault(key => key.Id == id) is { } key
        ? Answer.Json(ToObject(key, keys))
        : new ErrorAnswer(new Refusal(StipErrorCode.NotFound, "there is no such API key", "id"));

    private static IResult Delete(string id, ApiKeyStore keys) =>
        Answer.Of(keys.Revoke(id), key => new DeletedObject(key.Id, ApiKeyObject.ObjectName));

    private static Refusal? Judge(ApiKeyCreateRequest request, DateTimeOffset now)
    {
        if (request.Name is not { Length: > 0 and <= MaxNameLength })
        {
            return Invalid($"name is not 1..{MaxNameLength} characters", "name");
        }

        if (request.Scopes is not { Count: > 0 } || request.Scopes.Except(ApiKeyScopes.All).Any())
        {
            return Invalid($"scopes are not some of {string.Join(", ", ApiKeyScopes.All)}", "scopes");
        }

        if (request.Models is { } models && (models.Count is 0 or > MaxModels || models.Any(string.IsNullOrEmpty)))
        {
            return Invalid($"models does not name 1..{MaxModels} models; leave it out for all", "models");
        }

        var (soonest, latest) = (now.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return request.ExpiresAt is { } expires && (expires <= soonest || expires > latest)
            ? Invalid($"expires_at {expires} is not after now, {soonest}", "expires_at")
            : null;
    }

    private static ApiKeyObject ToObject(ApiKeyRecord key, ApiKeyStore keys) => new(
        key.Id, ApiKeyObject.ObjectName, key.Name, key.RedactedValue, key.Scopes, key.CreatedAt.ToUnixTimeSeconds(),
        key.Models, key.ExpiresAt?.ToUnixTimeSeconds(), keys.LastUsed(key.Id)?.ToUnixTimeSeconds());

    private static Refusal Invalid(string message, string param) => new(StipErrorCode.InvalidRequest, message, param);
}
