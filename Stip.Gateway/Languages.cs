using Stip.Client.Generation;
using Stip.Gateway.Terminal;

namespace Stip.Gateway;

/// <summary>
/// Languages of translators that have tokens for them. NLLB, mBART and M2M100 are told that of the text, in its frame,
/// and their answers begin with their own; Marian is told that of the answer alone, before the text.
/// </summary>
internal static class Languages
{
    // Of Marian's >>fra<<, which no other tokenizer has.
    private const string BeforeText = ">>";

    /// <summary>The token that an answer in a language begins with; null where none is named, or where it stands before
    /// the text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="target">A code of its tokenizer's: <c>fra_Latn</c>, <c>fr_XX</c>, <c>fr</c>.</param>
    /// <exception cref="RefusedException">The model has no such language.</exception>
    public static int? First(StipModel model, string? target) =>
        target is not null && Id(model, target) is var id && !StandsBeforeText(model, id) ? id : null;

    /// <summary>The language that the text is framed with; null for the tokenizer's own.</summary>
    /// <param name="model">The model.</param>
    /// <param name="source">The text's language, null where none is named.</param>
    /// <param name="target">The answer's language, null where none is named.</param>
    /// <exception cref="RefusedException">The model has no such language, or is told that of the answer alone.
    /// </exception>
    public static string? Frame(StipModel model, string? source, string? target)
    {
        if (source is not null && StandsBeforeText(model, Id(model, source)))
        {
            throw new RefusedException(
                $"model '{model.Id}' is told no source language, '{source}' is one to translate to");
        }

        return target is not null && StandsBeforeText(model, Id(model, target)) ? target : source;
    }

    private static bool StandsBeforeText(StipModel model, int id) =>
        model.Bundle.Tokenizer?.TokenText(id)?.StartsWith(BeforeText, StringComparison.Ordinal) == true;

    private static int Id(StipModel model, string language)
    {
        if (model.ReadsImage)
        {
            throw new RefusedException(
                $"model '{model.Id}' writes about an image and is told no language: leave out '{language}' "
                + "(--source-language, --target-language)");
        }

        return model.IsSequence && model.Bundle.Tokenizer?.LanguageId(language) is { } id
            ? id
            : throw new RefusedException($"model '{model.Id}' has no language '{language}'; "
                + (model.IsSequence && model.Bundle.Tokenizer is { Languages.Count: > 0 } tokenizer
                    ? $"it has {string.Join(", ", tokenizer.Languages)}"
                    : "it has none to choose from"));
    }
}
