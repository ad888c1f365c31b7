using System.Text.Json.Nodes;
using Stip.Export.Checkpoints.Gguf.Tokenizer;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>A tokenizer.json whose words are cut into the pieces of a SentencePiece model, without bytes for what is
/// unknown.</summary>
internal static class PieceTokenizer
{
    /// <param name="tokens">The pieces, and what stands around them.</param>
    /// <param name="model">The model.</param>
    /// <param name="unknown">Stands for what no piece covers.</param>
    public static JsonObject Describe(TokenList tokens, SentencePieceModel model, string unknown)
    {
        tokens.Say("unknown_token_id", (long?)tokens.IdOf(unknown));
        tokens.Say("add_space_prefix", model.AddsDummyPrefix);
        tokens.Say("remove_extra_whitespaces", model.RemovesExtraSpaces);
        tokens.Say(
            "precompiled_charsmap",
            model.Characters.Length == 0 ? null : model.Characters.Select(value => (long)value).ToArray());
        var (metadata, vocabulary) = tokens.Describe();
        var tokenizer = UnigramTokenizer.Describe(metadata, vocabulary);
        if (model.IsBytePairs)
        {
            var merges = ScoredMerges.Of(vocabulary, metadata.Numbers("tokenizer.ggml.scores")!);
            tokenizer["model"] = TokenizerJson.Bpe(vocabulary, merges, unknown);
            tokenizer["model"]!["fuse_unk"] = true;
        }

        return tokenizer;
    }

    /// <summary>Adds the pieces of a model.</summary>
    /// <param name="tokens">Takes them.</param>
    /// <param name="model">Has them.</param>
    /// <param name="skipped">How many of the first are left out.</param>
    public static void AddPieces(TokenList tokens, SentencePieceModel model, int skipped = 0)
    {
        foreach (var (text, type, score) in model.Tokens.Skip(skipped))
        {
            tokens.Add(text, type, score);
        }
    }
}
