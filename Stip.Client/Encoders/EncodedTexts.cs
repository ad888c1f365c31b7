using Stip.Client.Bundles;
using Stip.Client.Tokenization;

namespace Stip.Client.Encoders;

/// <summary>Texts as the token ids that an encoder takes.</summary>
internal static class EncodedTexts
{
    /// <summary>Framed ids, cut to what the model takes.</summary>
    public static int[] Cut(StipEncoder encoder, string text) =>
        encoder.Bundle.RequireRows(Tokenizer(encoder).EncodeCut(text, encoder.Bundle.Manifest.ContextLength));

    /// <summary>Framed ids; a text that is too long is refused, since an answer about its beginning would not be about
    /// it.</summary>
    public static int[] Whole(StipEncoder encoder, string text)
    {
        var ids = Tokenizer(encoder).Encode(text, addSpecialTokens: true);
        var most = encoder.Bundle.Manifest.ContextLength;
        return ids.Length <= most
            ? encoder.Bundle.RequireRows(ids)
            : throw new StipException(
                $"context_length_exceeded: the text has {ids.Length} tokens, model '{encoder.Id}' takes 1..{most}",
                Protocol.Errors.StipErrorCode.ContextLengthExceeded);
    }

    /// <summary>Rows of framed texts, with the segments that the tokenizer gives them.</summary>
    public static ForwardRows Embed(StipEncoder encoder, IReadOnlyList<int[]> texts)
    {
        var tokenizer = Tokenizer(encoder);
        return TextBatch.Embed(
            encoder.Bundle, texts, [.. texts.Select(ids => tokenizer.Types(ids.Length))]);
    }

    /// <summary>Ids without a frame, of any number.</summary>
    public static int[] Bare(StipEncoder encoder, string text) =>
        encoder.Bundle.RequireRows(Tokenizer(encoder).Encode(text));

    private static TextTokenizer Tokenizer(StipEncoder encoder)
    {
        if (encoder.TakesImages)
        {
            throw new StipException($"model '{encoder.Id}' takes images, not texts", null);
        }

        return encoder.Bundle.Tokenizer ?? throw new BundleException(
            $"the bundle of model '{encoder.Id}' has no tokenizer.json: text cannot be used");
    }
}
