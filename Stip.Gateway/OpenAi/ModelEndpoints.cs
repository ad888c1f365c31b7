using Stip.Client.Generation;
using Stip.Gateway.Serving;

namespace Stip.Gateway.OpenAi;

/// <summary><c>GET /v1/models</c>: the bundles of this gateway.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/models", (ServedModels models) => Results.Json(
            new { Object = "list", Data = models.All.Select(model => Of(model, models)) }, OpenAiJson.Options));
        routes.MapGet("/v1/models/{id}", (string id, ServedModels models) =>
            Results.Json(Of(models.Find(id), models), OpenAiJson.Options));
    }

    private static object Of(StipModel model, ServedModels models) => new
    {
        model.Id,
        Object = "model",
        models.Created,
        OwnedBy = "stip",
        model.ContextLength,
    };
}
