using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Stip.Client.Encoders;

/// <summary>A protected encoder as the embedding generator that .NET's AI libraries expect: vector stores, Semantic
/// Kernel and Microsoft.Extensions.AI's middleware take it as it is.</summary>
/// <remarks>Safe for concurrent use. It owns neither the encoder nor its bundle; disposing it does nothing.</remarks>
public sealed class StipEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly StipEncoder _encoder;
    private readonly TextEmbedder _embedder;
    private readonly EmbeddingGeneratorMetadata _metadata;

    /// <summary>Makes a generator.</summary>
    /// <param name="encoder">Takes texts, and has a tokenizer.</param>
    public StipEmbeddingGenerator(StipEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        (_encoder, _embedder) = (encoder, new TextEmbedder(encoder));
        _metadata = new EmbeddingGeneratorMetadata("stip", defaultModelId: encoder.Id);
    }

    /// <summary>One vector for each text, pooled and normalised on this machine as the model's own settings say; texts
    /// that are longer than the model takes are cut. <c>prompt_name</c> and <c>input_type</c> of
    /// <see cref="EmbeddingGenerationOptions.AdditionalProperties"/> are those of <see cref="TextEmbeddingOptions"/>.
    /// </summary>
    /// <exception cref="StipException">Refused by the server, not reached, or no text encoder.</exception>
    /// <exception cref="NotSupportedException">The options ask for another model or another number of
    /// dimensions.</exception>
    /// <exception cref="ArgumentException">The model has no such prompt, or its name is no text (a
    /// <see cref="string"/>, or a <see cref="JsonElement"/> of one).</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values,
        EmbeddingGenerationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (options?.ModelId is { } other && other != _encoder.Id)
        {
            throw new NotSupportedException($"this generator is of model '{_encoder.Id}', not '{other}'");
        }

        string[] texts = [.. values];
        if (texts.Length == 0)
        {
            return [];
        }

        var wants = new TextEmbeddingOptions
        {
            PromptName = Text(options, "prompt_name"),
            InputType = Text(options, "input_type"),
        };
        var embeddings = await _embedder.EmbedAsync(texts, wants, cancellationToken);
        var width = embeddings.Vectors[0].Length;
        if (options?.Dimensions is { } wanted && wanted != width)
        {
            throw new NotSupportedException($"the vectors of model '{_encoder.Id}' have {width} numbers, not {wanted}");
        }

        var tokens = embeddings.TokenCounts.Sum();
        return new GeneratedEmbeddings<Embedding<float>>(embeddings.Vectors.Select(
            vector => new Embedding<float>(vector) { ModelId = _encoder.Id }))
        {
            Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens },
        };
    }

    private static string? Text(EmbeddingGenerationOptions? options, string name) =>
        options?.AdditionalProperties?.GetValueOrDefault(name) switch
        {
            null or JsonElement { ValueKind: JsonValueKind.Null } => null,
            string text => text,
            JsonElement { ValueKind: JsonValueKind.String } json => json.GetString(),
            _ => throw new ArgumentException($"{name} is no text", nameof(options)),
        };

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(_encoder) ? _encoder
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // What it would dispose belongs to the container, or to whoever made the encoder.
    }
}
