using Stip.Protocol;

namespace Stip.Api.Endpoints.OpenApi;

/// <summary>One document, made by the framework and shown by Swagger UI.</summary>
internal static class OpenApiSetup
{
    // The document is asked for with the key that the page keeps, where it has one.
    private const string WithKey = """
        (request) => {
          const kept = JSON.parse(localStorage.getItem('authorized') || '{}').ApiKey;
          if (request.loadSpec && kept && kept.value) { request.headers.Authorization = 'Bearer ' + kept.value; }
          return request;
        }
        """;

    public static IServiceCollection AddApiDocument(this IServiceCollection services) =>
        services.AddHttpContextAccessor().AddOpenApi("v1", options =>
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
        options.UseRequestInterceptor(WithKey.ReplaceLineEndings(" "));
    });
}
