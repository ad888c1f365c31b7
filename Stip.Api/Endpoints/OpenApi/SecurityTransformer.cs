using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Stip.Api.Endpoints.Authentication;

namespace Stip.Api.Endpoints.OpenApi;

/// <summary>Says that every operation but the health routes wants the API key.</summary>
internal sealed class SecurityTransformer : IOpenApiDocumentTransformer
{
    public Task TransformAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Stip.Api",
            Version = "v1",
            Description = "The untrusted server of private transformer inference: it takes permuted embeddings, "
                + "runs permuted weights and answers with permuted logits. It holds no key, no tokenizer and no text. "
                + "Examples name models of the key that asks for this document: authorize, then load the page again.",
        };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[ApiKeyAuthentication.SchemeName] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "An API key, sent as Authorization: Bearer KEY.",
        };
        foreach (var (path, item) in document.Paths)
        {
            foreach (var operation in item.Operations?.Values ?? Enumerable.Empty<OpenApiOperation>())
            {
                operation.Security = path.StartsWith("/health", StringComparison.Ordinal)
                    ? []
                    :
                    [
                        new OpenApiSecurityRequirement
                        {
                            [new OpenApiSecuritySchemeReference(ApiKeyAuthentication.SchemeName, document)] = [],
                        },
                    ];
            }
        }

        return Task.CompletedTask;
    }
}
