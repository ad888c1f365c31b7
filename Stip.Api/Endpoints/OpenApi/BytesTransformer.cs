using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints.OpenApi;

/// <summary>Bytes are base64 strings in JSON, which the framework does not know of <c>ReadOnlyMemory</c>.</summary>
internal sealed class BytesTransformer : IOpenApiSchemaTransformer
{
    private const string DataProperty = "data";

    public Task TransformAsync(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (schema.Properties is { } properties && properties.ContainsKey(DataProperty)
            && (context.JsonTypeInfo.Type == typeof(TensorPayload)
                || context.JsonTypeInfo.Type == typeof(LogitsPayload)))
        {
            properties[DataProperty] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Format = "byte",
                Description = "Base64 of the little-endian bytes, row-major.",
            };
        }

        return Task.CompletedTask;
    }
}
