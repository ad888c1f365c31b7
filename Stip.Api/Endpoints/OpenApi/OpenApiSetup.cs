using Stip.Protocol;

namespace Stip.Api.Endpoints.OpenApi;

/// <summary>One document, made by the framework and shown by Swagger UI.</summary>
internal static class OpenApiSetup
{
    public static IServiceCollection AddApiDocument(this IServiceCollection services) =>
        services.AddOpenApi("v1", options =>
    {
        options.AddDocumentTransformer<SecurityTransformer>();
        options.AddDocumentTransformer<ExampleTransformer>();
        options.AddSchemaTransformer<BytesTransformer>();
    });

    /// <summary>The page comes before authentication: it holds nothing and asks for the key itself.</summary>
    public static IApplicationBuilder UseSwaggerPage(this IApplicationBuilder app) => app.UseSwaggerUI(options =>
    {
        options.RoutePrefix = StipRoutes.Swagger[1..];
        options.DocumentTitle = "Stip.Api";
        options.SwaggerEndpoint(StipRoutes.OpenApi, "Stip.Api v1");
        options.EnableTryItOutByDefault();
        options.EnablePersistAuthorization();
    });
}
