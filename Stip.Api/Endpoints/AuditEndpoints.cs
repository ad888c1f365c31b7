using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Registry.Audit;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Audit;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints;

/// <summary><c>/v1/audit_events</c>: read only, for administrators of the whole server.</summary>
internal static class AuditEndpoints
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 1000;

    public static void MapAudit(this IEndpointRouteBuilder routes) =>
        routes.MapGet(StipRoutes.AuditEvents, PageAsync)
            .RequireScope(ApiKeyScopes.KeysAdmin).RequireAllModels()
            .WithTags("API keys")
            .WithSummary("Administrative acts, newest first; go on with ?after=LAST_ID")
            .Produces<AuditPage>().Refuses(400, 401, 403, 429);

    private static async Task<IResult> PageAsync(string? after, int? limit, AuditLog audit, HttpContext context)
    {
        if (limit is < 1 or > MaxLimit)
        {
            return Invalid($"limit {limit} is outside 1..{MaxLimit}", "limit");
        }

        return await audit.PageAsync(after, limit ?? DefaultLimit, context.RequestAborted) is { } page
            ? Answer.Json(page)
            : Invalid("after is not the id of an event", "after");
    }

    private static ErrorAnswer Invalid(string message, string param) =>
        new(new Refusal(StipErrorCode.InvalidRequest, message, param));
}
