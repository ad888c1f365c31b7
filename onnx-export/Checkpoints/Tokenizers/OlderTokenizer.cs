using System.Text.Json;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>
/// Makes a tokenizer.json of what folders had before there was one: <c>vocab.txt</c> (WordPiece), <c>vocab.json</c>
/// with <c>merges.txt</c> (byte-level BPE), or a SentencePiece model.
/// </summary>
internal static class OlderTokenizer
{
    /// <summary>The bytes of a tokenizer.json; null where there is none of these files, or where its class cuts text
    /// in a way of its own.</summary>
    /// <exception cref="Onnx.RefusedException">A file is damaged.</exception>
    public static byte[]? Describe(ISmallFiles files)
    {
        var settings = TokenizerSettings.Read(files);
        var made = SentencePieceFolder.Describe(files, settings)
            ?? MergesFolder.Describe(files, settings)
            ?? VocabularyFolder.Describe(files, settings);
        return made is null ? null : JsonSerializer.SerializeToUtf8Bytes(made);
    }
}
