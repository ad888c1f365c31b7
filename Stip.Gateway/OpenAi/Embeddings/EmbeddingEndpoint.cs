using System.Runtime.InteropServices;
using Stip.Client.Encoders;
using Stip.Gateway.OpenAi.Requests;
using Stip.Gateway.Serving;

namespace Stip.Gateway.OpenAi.Embeddings;

/// <summary><c>POST /v1/embeddings</c>: one vector for each text.</summary>
internal static class EmbeddingEndpoint
{
    public static void MapEmbeddings(this IEndpointRouteBuilder routes) => routes.MapPost("/v1/embeddings", EmbedAsync);

    private static async Task<IResult> EmbedAsync(HttpContext context, ServedEncoders encoders)
    {
        var fields = await AnswerRequest.ReadBodyAsync(context.Request);
        UnsupportedFields.RefuseFrame(fields, areAdded: true);
        UnsupportedFields.RefuseOfEmbeddings(fields);
        var encoder = encoders.Find(fields.Text("model"));
        var texts = EmbeddingInput.Read(fields);
        var isBase64 = EmbeddingInput.WantsBase64(fields);
        var embeddings = await VectorsAsync(
            new TextEmbedder(encoder), texts, EmbeddingInput.PromptOf(fields), context.RequestAborted);
        EmbeddingInput.RefuseOtherWidth(fields, embeddings.Vectors[0].Length);
        var tokens = embeddings.TokenCounts.Sum();
        return Results.Json(
            new
            {
                Object = "list",
                Data = embeddings.Vectors.Select((vector, index) => new
                {
                    Object = "embedding",
                    Index = index,
                    Embedding = isBase64 ? (object)Base64(vector) : vector,
                }),
                Model = encoder.Id,
                Usage = new { PromptTokens = tokens, TotalTokens = tokens },
            },
            OpenAiJson.Options);
    }

    private static async Task<Client.Encoders.Embeddings> VectorsAsync(
        TextEmbedder embedder,
        IReadOnlyList<string> texts,
        TextEmbeddingOptions options,
        CancellationToken cancellationToken)
    {
        try
        {
            return await embedder.EmbedAsync(texts, options, cancellationToken);
        }
        catch (ArgumentException unknown) when (EmbeddingInput.FieldOf(unknown.ParamName) is { } field)
        {
            throw OpenAiException.Unsupported(
                field,
                embedder.PromptNames is { Count: > 0 } names ? $"the model has {string.Join(", ", names)}"
                    : "the model has no prompts");
        }
    }

    private static string Base64(float[] vector) =>
        Convert.ToBase64String(MemoryMarshal.AsBytes<float>(vector)); // little-endian, as all our targets are
}
