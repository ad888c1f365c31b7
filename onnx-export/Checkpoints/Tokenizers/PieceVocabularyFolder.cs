using System.Text.Json.Nodes;
using Stip.Export.Checkpoints.Gguf.Tokenizer;
using Stip.Onnx;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>
/// Marian and M2M100: a SentencePiece model cuts, <c>vocab.json</c> has the ids. What becomes text again are the pieces
/// of that file, so the model of the other side (<c>target.spm</c>) is not needed.
/// </summary>
internal static class PieceVocabularyFolder
{
    public const string SourceFile = "source.spm";

    private const string VocabularyFile = "vocab.json";
    private const string Unknown = "<unk>";
    private const string End = "</s>";

    public static JsonObject? Describe(ISmallFiles files, TokenizerSettings settings)
    {
        var name = Class(settings);
        var file = name == "Marian" ? SourceFile : "sentencepiece.bpe.model";
        if (name is null || files.Find(file) is not { } bytes || files.Find(VocabularyFile) is not { } ids)
        {
            return null;
        }

        if (settings.Flag("separate_vocabs") == true)
        {
            throw new RefusedException("tokenizer_config.json: separate_vocabs is true; it must be false: a vocabulary "
                + "for each side is not supported");
        }

        var tokens = TokenList.ReadVocabulary(VocabularyFile, ids);
        var languages = name == "Marian" ? [] : LanguageCodes.Of(name, settings.Text("language_codes"));
        foreach (var language in languages.Where(language => tokens.IdOf(language) is null))
        {
            tokens.Add(language, GgufTokenType.Control);
        }

        return Describe(tokens, SentencePieceModel.Read(file, bytes), settings, SourceLanguage(tokens, settings, name));
    }

    private static string? Class(TokenizerSettings settings) => settings.Class switch
    {
        "Marian" or "M2M100" => settings.Class,
        null when settings.ModelType == "marian" => "Marian",
        null when settings.ModelType == "m2m_100" => "M2M100",
        _ => null,
    };

    private static string? SourceLanguage(TokenList tokens, TokenizerSettings settings, string name)
    {
        if (name == "Marian")
        {
            return null;
        }

        var code = settings.Text("src_lang") ?? "en";
        return tokens.IdOf($"__{code}__") is not null ? $"__{code}__" : throw new RefusedException(
            $"tokenizer_config.json: src_lang is '{code}', which is none of this tokenizer's languages");
    }

    private static JsonObject Describe(
        TokenList tokens, SentencePieceModel model, TokenizerSettings settings, string? language)
    {
        foreach (var text in new[] { Unknown, End, "<pad>", "<s>" }.Concat(tokens.Texts.Where(IsTarget)))
        {
            tokens.MakeSpecial(text);
        }

        foreach (var (text, id) in settings.Added.Where(entry => tokens.IdOf(entry.Key) is null))
        {
            tokens.Put(id, text, settings.AddedType(text));
        }

        if (tokens.IdOf(Unknown) is null || tokens.IdOf(End) is null)
        {
            throw new RefusedException($"{VocabularyFile} has no {Unknown} or no {End}");
        }

        var pieces = new TokenList("the SentencePiece model");
        foreach (var (text, type, score) in model.Tokens.Where(token => MayBeCut(token.Type, model)))
        {
            pieces.Add(text, type, score);
        }

        var tokenizer = PieceTokenizer.Describe(pieces, model, Unknown);
        var (metadata, vocabulary) = tokens.Describe();
        tokenizer["added_tokens"] = TokenizerJson.Frame(metadata, vocabulary, addsBosByDefault: false)["added_tokens"]!
            .DeepClone();
        tokenizer["post_processor"] = TextFrame.Describe(tokens, language is null ? [] : [language], [End]);
        tokenizer["model"] = new JsonObject
        {
            ["type"] = "PieceVocabulary",
            ["unk_token"] = Unknown,
            ["vocab"] = TokenizerJson.Vocabulary(vocabulary),
            ["pieces"] = tokenizer["model"]!.DeepClone(),
        };
        return tokenizer;
    }

    // SentencePiece makes no control tokens of text; unused pieces of byte pairs are still steps to longer ones.
    private static bool MayBeCut(GgufTokenType type, SentencePieceModel model) =>
        type != GgufTokenType.Control && (type != GgufTokenType.Unused || model.IsBytePairs);

    // Marian's choice of the language of the answer stands before the text.
    private static bool IsTarget(string token) =>
        token.StartsWith(">>", StringComparison.Ordinal) && token.EndsWith("<<", StringComparison.Ordinal);
}
