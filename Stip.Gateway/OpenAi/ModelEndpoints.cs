using Stip.Client.Bundles;
using Stip.Gateway.Serving;

namespace Stip.Gateway.OpenAi;

/// <summary><c>GET /v1/models</c>: the bundles of this gateway.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/models", (ServedModels models, ServedEncoders encoders) => Results.Json(
            new { Object = "list", Data = Bundles(models, encoders).Select(bundle => Of(bundle, models)) },
            OpenAiJson.Options));
        routes.MapGet("/v1/models/{**id}", (string id, ServedModels models, ServedEncoders encoders) =>
        {
            // A slash that the caller escaped comes out of the path as it went in.
            id = id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
            var bundle = Bundles(models, encoders).FirstOrDefault(bundle => bundle.Manifest.Model == id)
                ?? models.Find(id).Bundle;
            return Results.Json(Of(bundle, models), OpenAiJson.Options);
        });
    }

    private static IEnumerable<Bundle> Bundles(ServedModels models, ServedEncoders encoders) =>
        models.All.Select(model => model.Bundle).Concat(encoders.All.Select(encoder => encoder.Bundle));

    private static object Of(Bundle bundle, ServedModels models) => new
    {
        Id = bundle.Manifest.Model,
        Object = "model",
        models.Created,
        OwnedBy = "stip",
        bundle.Manifest.ContextLength,
        Chats = bundle.GeneratesText && !bundle.ReadsSound && HasTemplate(bundle),
        bundle.IsProtected,
        TakesImages = bundle.GeneratesText && (bundle.Manifest.ImageTokenId is not null || bundle.ReadsImage),
        TakesSounds = bundle.ReadsSound,
    };

    private static bool HasTemplate(Bundle bundle)
    {
        try
        {
            return bundle.Template is not null;
        }
        catch (BundleException)
        {
            return false;
        }
    }
}
