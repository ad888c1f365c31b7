using Stip.Client.Generation;
using Stip.Client.Tokenization;
using Stip.Gateway.Terminal;

namespace Stip.Gateway;

/// <summary>Languages of translators, where texts or answers begin with a token for theirs (NLLB, mBART, M2M100).
/// </summary>
internal static class Languages
{
    /// <summary>The token that an answer in a language begins with; null where none is named.</summary>
    /// <param name="model">The model.</param>
    /// <param name="target">A code of its tokenizer's: <c>fra_Latn</c>, <c>fr_XX</c>, <c>fr</c>.</param>
    /// <exception cref="RefusedException">The model has no such language.</exception>
    public static int? First(StipModel model, string? target) => target is null ? null
        : model.IsSequence && model.Bundle.Tokenizer?.LanguageId(target) is { } id ? id
        : throw Refused(model, target, model.Bundle.Tokenizer);

    /// <summary>The tokenizer for texts in a language; itself where none is named.</summary>
    /// <inheritdoc cref="First"/>
    public static TextTokenizer Of(StipModel model, TextTokenizer tokenizer, string? source) =>
        source is null ? tokenizer
        : model.IsSequence && tokenizer.LanguageId(source) is not null ? tokenizer.InLanguage(source)
        : throw Refused(model, source, tokenizer);

    private static RefusedException Refused(StipModel model, string language, TextTokenizer? tokenizer) =>
        new($"model '{model.Id}' has no language '{language}'; "
            + (model.IsSequence && tokenizer?.Languages.Count > 0
                ? $"it has {string.Join(", ", tokenizer.Languages)}"
                : "it has none to choose from"));
}
