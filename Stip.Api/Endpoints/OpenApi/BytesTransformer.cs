using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Stip.Api.Endpoints.OpenApi;

/// <summary>Bytes are base64 strings in JSON.</summary>
internal sealed class BytesTransformer : IOpenApiSchemaTransformer
{
    public Task TransformAsync(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonTypeInfo.Type == typeof(ReadOnlyMemory<byte>)
            || context.JsonTypeInfo.Type == typeof(ReadOnlyMemory<byte>?))
        {
            schema.Type = JsonSchemaType.String;
            schema.Format = "byte";
            schema.Items = null;
        }

        return Task.CompletedTask;
    }
}
