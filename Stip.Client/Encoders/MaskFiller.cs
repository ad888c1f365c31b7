using System.Numerics.Tensors;
using Stip.Client.Bundles;

namespace Stip.Client.Encoders;

/// <summary>Fills the masks of a text with a protected masked language model.</summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class MaskFiller(StipEncoder encoder)
{
    private static readonly string[] Outputs = ["logits"];
    private static readonly string[] MaskTokens = ["[MASK]", "<mask>"];

    /// <summary>Finds what may stand in place of each mask.</summary>
    /// <param name="text">A text with at least one mask token, <c>[MASK]</c> for BERT.</param>
    /// <param name="candidates">How many to give for each mask.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StipException">The text has no mask or is too long, the model is no masked language model;
    /// refused; not reached.</exception>
    public async Task<IReadOnlyList<FilledMask>> FillAsync(
        string text, int candidates = 5, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(candidates, 1);
        var ids = EncodedTexts.Whole(encoder, text);
        var mask = MaskId();
        var places = Enumerable.Range(0, ids.Length).Where(place => ids[place] == mask.Id).ToList();
        if (places.Count == 0)
        {
            throw new StipException($"the text has no {mask.Token} to fill", null);
        }

        var rows = EncodedTexts.Embed(encoder, [ids]);
        var (output, _) = await encoder.RunAsync(rows, Outputs, "fill", cancellationToken);
        return output.Shape.Count == 3
            ? [.. places.Select(place => new FilledMask(place, Best(output.Row(place), candidates)))]
            : throw new StipException(
                $"model '{encoder.Id}' is a classifier; fill needs a masked language model", null);
    }

    private MaskCandidate[] Best(ReadOnlySpan<float> logits, int count)
    {
        var scores = new float[logits.Length]; // [vocab]
        TensorPrimitives.SoftMax(logits, scores);
        var tokenizer = encoder.Bundle.Tokenizer!;
        return [.. Enumerable.Range(0, scores.Length)
            .OrderByDescending(id => scores[id])
            .Take(count)
            .Select(id => new MaskCandidate(id, tokenizer.TokenText(id) ?? "", scores[id]))];
    }

    private (int Id, string Token) MaskId()
    {
        foreach (var token in MaskTokens)
        {
            if (encoder.Bundle.Tokenizer!.Encode(token) is [var id] && encoder.Bundle.Tokenizer.TokenText(id) == token)
            {
                return (id, token);
            }
        }

        throw new BundleException(
            $"the tokenizer of model '{encoder.Id}' has none of the mask tokens {string.Join(", ", MaskTokens)}");
    }
}
