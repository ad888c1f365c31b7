using System.Globalization;
using System.Numerics.Tensors;
using Stip.Client.Tokenization;

namespace Stip.Client.Encoders;

/// <summary>Labels the tokens of a text with a protected token classifier (names, parts of speech).</summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class TokenLabeler(StipEncoder encoder)
{
    private const string What = "tag";

    private static readonly string[] Outputs = ["logits"];

    /// <summary>Labels a text.</summary>
    /// <exception cref="StipException">The text is too long, the model is no token classifier; refused; not
    /// reached.</exception>
    public async Task<TokenLabels> LabelAsync(string text, CancellationToken cancellationToken = default)
    {
        var ids = EncodedTexts.Whole(encoder, text);
        var rows = EncodedTexts.Embed(encoder, [ids]);
        var (output, _) = await encoder.RunAsync(rows, Outputs, What, cancellationToken);
        if (!IsOfTokens(output))
        {
            throw new StipException(
                $"model '{encoder.Id}' does not label tokens; {What} needs a token classifier", null);
        }

        var places = TokenPlaces.Of(encoder.Bundle.Tokenizer!, text, ids);
        TokenLabel[] tokens =
        [
            .. Enumerable.Range(0, ids.Length).Where(index => places[index] is not null)
                .Select(index => Label(index, text, places[index]!.Value, output.Row(index))),
        ];
        return new TokenLabels(tokens, Spans(text, tokens));
    }

    /// <summary>Whether there is a row of labels for each token, and not one of the vocabulary.</summary>
    private bool IsOfTokens(PlainOutput output) => output.Shape.Count == 3
        && (encoder.Bundle.Manifest.Labels is { Count: > 0 } names
            ? names.Count == output.Width
            : output.Width < encoder.Bundle.Tokenizer!.VocabularySize);

    private TokenLabel Label(int index, string text, (int Start, int End) place, ReadOnlySpan<float> logits)
    {
        var scores = new float[logits.Length]; // [labels]
        TensorPrimitives.SoftMax(logits, scores);
        var best = TensorPrimitives.IndexOfMax<float>(scores);
        var names = encoder.Bundle.Manifest.Labels;
        return new TokenLabel(
            index, text[place.Start..place.End], place.Start, place.End,
            names is { Count: > 0 } ? names[best] : best.ToString(CultureInfo.InvariantCulture), scores[best]);
    }

    // As pipelines of Hugging Face group "simply": a B- begins a part, another kind or an O ends it.
    private static List<LabelledSpan> Spans(string text, TokenLabel[] tokens)
    {
        var spans = new List<LabelledSpan>();
        for (var first = 0; first < tokens.Length;)
        {
            var (kind, end) = (Kind(tokens[first].Label), first + 1);
            while (end < tokens.Length && Kind(tokens[end].Label) == kind
                && !tokens[end].Label.StartsWith("B-", StringComparison.Ordinal))
            {
                end++;
            }

            if (kind != "O")
            {
                var (start, stop) = (tokens[first].Start, tokens[end - 1].End);
                spans.Add(new LabelledSpan(
                    text[start..stop], start, stop, kind, tokens[first..end].Average(token => token.Score)));
            }

            first = end;
        }

        return spans;
    }

    private static string Kind(string label) => label is ['B' or 'I', '-', ..] ? label[2..] : label;
}
