using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Registry.Audit;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Audit;
using Stip.Protocol.Models;

namespace Stip.Api.Endpoints;

/// <summary><c>/v1/models</c>. Ids may hold slashes.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup(StipRoutes.Models).WithTags("Models");
        models.MapGet("", List).WithSummary("Lists the models of this key")
            .Produces<ListObject<ModelObject>>().Refuses(401);
        models.MapGet("{**id}", Get).WithSummary("Shows a model")
            .Produces<ModelObject>().Refuses(401, 404, 503);
        models.MapPost("", RegisterAsync).RequireScope(ApiKeyScopes.ModelsWrite)
            .WithSummary("Registers a package from completed uploads")
            .Produces<ModelObject>().Refuses(400, 401, 403, 404, 422);
        models.MapDelete("{**id}", DeleteAsync).RequireScope(ApiKeyScopes.ModelsWrite)
            .WithSummary("Removes a model and its package")
            .Produces<DeletedObject>().Refuses(401, 403, 404);
    }

    private static IResult List(HttpContext context, ModelRegistry registry) => Answer.Json(new ListObject<ModelObject>(
        [.. registry.All.Where(model => context.ApiKey().Allows(model.Id)).Select(model => model.ToObject())]));

    private static IResult Get(string id, HttpContext context, ModelRegistry registry) =>
        registry.Find(Plain(id)) is { } model && context.ApiKey().Allows(model.Id)
            ? Answer.Json(model.ToObject())
            : new ErrorAnswer(NotFound(registry));

    // A slash that the caller escaped, as clients do with a name, comes out of the path as it went in.
    private static string Plain(string id) => id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static async Task<IResult> RegisterAsync(
        ModelRegisterRequest request, HttpContext context, PackageRegistrar registrar) => Answer.Of(
            await registrar.RegisterAsync(
                context.ApiKey(), context.Actor(), request.UploadIds, context.RequestAborted),
            model => model.ToObject());

    private static async Task<IResult> DeleteAsync(
        string id, HttpContext context, ModelRegistry registry, AuditLog audit)
    {
        id = Plain(id);
        var fingerprint = registry.Find(id)?.Manifest.Fingerprint;
        if (!context.ApiKey().Allows(id))
        {
            return new ErrorAnswer(NotFound(registry));
        }

        if (!(await registry.RemoveAsync(id, context.RequestAborted)).Is(out var removal, out var refusal)
            || removal == Removal.NotHere)
        {
            return new ErrorAnswer(refusal ?? NotFound(registry));
        }

        await audit.AppendAsync(new AuditAct(
            AuditEventTypes.ModelRemoved, context.Actor(), id, ("fingerprint", fingerprint)));
        return removal == Removal.PackageStays
            ? new ErrorAnswer(DataFolders.Stays)
            : Answer.Json(new DeletedObject(id, ModelObject.ObjectName));
    }

    private static Refusal NotFound(ModelRegistry registry) =>
        registry.NotFound("there is no such model for this key", "id");
}
