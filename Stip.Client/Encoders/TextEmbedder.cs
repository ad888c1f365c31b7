using Stip.Protocol.Forward;

namespace Stip.Client.Encoders;

/// <summary>Turns texts into vectors with a protected encoder, pooled and normalised as the model's own settings say
/// (mean without them); of models with an output that stands for a text it is that one. Pooling runs on the owner's
/// machine, so the server does not learn which text is near which.
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class TextEmbedder(StipEncoder encoder)
{
    // A model that ends in one vector for a text has pooled already.
    private const string Pooled = "text_embeds";

    private static readonly string[] Outputs = [Pooled, "last_hidden_state"];
    private static readonly string[] OwnOutput = [Pooling.Output];

    /// <summary>Names of the prompts that may stand before a text; none for most models.</summary>
    public IReadOnlyCollection<string> PromptNames => [.. encoder.Bundle.Manifest.Prompts?.Keys ?? []];

    /// <summary>Embeds texts, each behind the model's own prompt where it has one; those that are longer than the model
    /// takes are cut.</summary>
    /// <exception cref="StipException">Refused, not reached, or the model is no text encoder.</exception>
    public Task<Embeddings> EmbedAsync(
        IReadOnlyList<string> texts, CancellationToken cancellationToken = default) =>
        EmbedAsync(texts, new TextEmbeddingOptions(), cancellationToken);

    /// <summary>The same behind another of the model's prompts.</summary>
    /// <exception cref="ArgumentException">The model has no such prompt; the line lists those that it has.</exception>
    /// <inheritdoc cref="EmbedAsync(IReadOnlyList{string}, CancellationToken)"/>
    public Task<Embeddings> EmbedAsync(
        IReadOnlyList<string> texts, TextEmbeddingOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var prompt = TextPrompts.Of(encoder.Bundle.Manifest, options);
        return EmbedTokensAsync([.. texts.Select(text => EncodedTexts.Cut(encoder, prompt + text))], cancellationToken);
    }

    private async Task<Embeddings> EmbedTokensAsync(IReadOnlyList<int[]> texts, CancellationToken cancellationToken)
    {
        var vectors = new float[texts.Count][];
        var outputs = encoder.Bundle.Manifest.Pooling == Pooling.Output ? OwnOutput : Outputs;
        var lengths = texts.Select(ids => ids.Length).ToArray();
        texts = [.. texts.Select(Filled)];
        await TextPasses.RunAsync(
            Batches(texts), index => texts[index].Length, encoder.PassTokens, async batch =>
            {
                var rows = EncodedTexts.Embed(encoder, [.. batch.Select(index => texts[index])]);
                var (output, _) = await encoder.RunAsync(rows, outputs, "embed", cancellationToken);
                for (var i = 0; i < batch.Length; i++)
                {
                    vectors[batch[i]] = output.Name is Pooled or Pooling.Output
                        ? Vector(output, i, 1)
                        : Vector(output, i * rows.Length, texts[batch[i]].Length);
                }
            });

        return new Embeddings(vectors, lengths);
    }

    // What stands after the text counts too, where the model learned it so.
    private int[] Filled(int[] ids) => encoder.Bundle.Manifest.FillTokenId is { } fill
        ? [.. ids, .. Enumerable.Repeat(fill, Math.Max(0, encoder.Bundle.Manifest.ContextLength - ids.Length))]
        : ids;

    private float[] Vector(PlainOutput output, int firstRow, int rows)
    {
        var manifest = encoder.Bundle.Manifest;
        var own = output.Values.AsSpan(firstRow * output.Width, rows * output.Width);
        var vector = Pooling.Apply(manifest.Pooling, own, output.Width);
        if (manifest.Normalize is true)
        {
            Pooling.Normalize(vector);
        }

        return vector;
    }

    // Texts of like length share a pass, so that little of it is padding.
    private static IEnumerable<int[]> Batches(IReadOnlyList<int[]> texts)
    {
        var batch = new List<int>();
        foreach (var index in Enumerable.Range(0, texts.Count).OrderBy(index => texts[index].Length))
        {
            if (batch.Count == ForwardRequest.ClientTexts
                || (batch.Count > 0 && (batch.Count + 1) * texts[index].Length > StipEncoder.MostTokensOfAPass))
            {
                yield return [.. batch];
                batch.Clear();
            }

            batch.Add(index);
        }

        if (batch.Count > 0)
        {
            yield return [.. batch];
        }
    }
}
