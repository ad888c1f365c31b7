using System.Text.Json;
using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>
/// Makes a tokenizer.json of what folders had before there was one: <c>vocab.txt</c> (WordPiece), <c>vocab.json</c>
/// with <c>merges.txt</c> (byte-level BPE), a file of tiktoken's ranks, or a SentencePiece model, with a
/// <c>vocab.json</c> for its ids or without.
/// </summary>
internal static class OlderTokenizer
{
    private static readonly string[] Sources =
        [
            .. SentencePieceFolder.Names, .. TiktokenFolder.Names, PieceVocabularyFolder.SourceFile, "vocab.txt",
            "vocab.json",
        ];

    private static readonly string[] Rules = ["special", "single_word", "lstrip", "rstrip", "normalized"];

    /// <summary>The bytes of a tokenizer.json; null where there is none of these files, or where its class cuts text
    /// in a way of its own.</summary>
    /// <exception cref="Onnx.RefusedException">A file is damaged.</exception>
    public static byte[]? Describe(ISmallFiles files)
    {
        var settings = TokenizerSettings.Read(files);
        var made = PieceVocabularyFolder.Describe(files, settings)
            ?? SentencePieceFolder.Describe(files, settings)
            ?? MergesFolder.Describe(files, settings)
            ?? TiktokenFolder.Describe(files, settings)
            ?? VocabularyFolder.Describe(files, settings);
        if (made is null)
        {
            return null;
        }

        foreach (var token in made["added_tokens"]!.AsArray())
        {
            Configure(token!, settings);
        }

        return JsonSerializer.SerializeToUtf8Bytes(made);
    }

    // How a token is found in a text, where a folder says it of each.
    private static void Configure(JsonNode token, TokenizerSettings settings)
    {
        if (settings.Configured((string)token["content"]!) is not { } said)
        {
            return;
        }

        foreach (var rule in Rules)
        {
            token[rule] = said.Flag(rule, (bool)token[rule]!);
        }
    }

    /// <summary>Why there is none where a folder has files of a tokenizer; null where it has none of them.</summary>
    public static string? Unknown(ISmallFiles files)
    {
        if (!Array.Exists(Sources, name => files.Find(name) is not null))
        {
            return null;
        }

        var settings = TokenizerSettings.Read(files);
        return settings.Class is { } name ? $"the tokenizer class '{name}Tokenizer' is not supported"
            : settings.ModelType is { } type ? $"tokenizers of the model type '{type}' are not known"
            : "no file says which class the tokenizer is";
    }
}
