using System.Text.Json.Nodes;
using Stip.Export.Checkpoints.Gguf.Tokenizer;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>A SentencePiece model, and what classes put around its pieces.</summary>
internal static class SentencePieceFolder
{
    public static IReadOnlyList<string> Names { get; } =
        ["tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "spm.model"];

    public static JsonObject? Describe(ISmallFiles files, TokenizerSettings settings)
    {
        if (Names.FirstOrDefault(name => files.Find(name) is not null) is not { } file)
        {
            return null;
        }

        var model = SentencePieceModel.Read(file, files.Find(file)!);
        return model.IsBytePairs && BeginsTexts(settings) is { } begins ? BytePairs(file, model, settings, begins)
            : SentencePieceShape.Of(settings) is { } shape && (!model.IsBytePairs || shape.TakesBytePairs)
                ? Shaped(file, model, settings, shape)
                : null;
    }

    // Whether a class puts the first token before every text where its files do not say; null for an unknown one.
    private static bool? BeginsTexts(TokenizerSettings settings) =>
        (settings.Class ?? settings.ModelType)?.ToLowerInvariant() switch
        {
            "llama" or "codellama" or "gemma" or "internlm" or "internlm2" or "internlm3" or "baichuan" or "orion"
                or "chatglm" or "mistral" or "mixtral" or "gemma2" or "phi3" or "minicpm" => true,
            "ernie4_5_" or "ernie4_5" or "ernie4_5_moe" => false,
            _ => null,
        };

    private static JsonObject BytePairs(
        string file, SentencePieceModel model, TokenizerSettings settings, bool begins)
    {
        var tokens = new TokenList(file);
        PieceTokenizer.AddPieces(tokens, model);
        var isChatGlm = settings.Class == "ChatGLM" || settings.ModelType == "chatglm";
        string[] after = isChatGlm ? ChatGlmTokens.Names : [];
        foreach (var token in after)
        {
            tokens.Add(token, GgufTokenType.Control);
        }

        AddNamed(tokens, settings);
        tokens.Say("bos_token_id", (long?)tokens.IdOf(settings.Token("bos_token") ?? "<s>"));
        tokens.Say("eos_token_id", (long?)tokens.IdOf(settings.Token("eos_token") ?? "</s>"));
        tokens.Say("add_bos_token", !isChatGlm && (settings.Flag("add_bos_token") ?? begins));
        tokens.Say("add_eos_token", settings.Flag("add_eos_token") ?? false);
        tokens.Say("add_space_prefix", settings.Flag("add_prefix_space") ?? model.AddsDummyPrefix);
        var (metadata, vocabulary) = tokens.Describe();
        var tokenizer = SentencePieceTokenizer.Describe(metadata, vocabulary);
        if (settings.Flag("legacy") == false && settings.Flag("add_prefix_space") != false)
        {
            PrefixFirst(tokenizer);
        }

        if (model.Characters.Length > 0)
        {
            var normalizers = tokenizer["normalizer"]!["normalizers"]!.AsArray();
            normalizers.Insert(0, UnigramTokenizer.Precompiled(model.Characters));
        }

        if (isChatGlm)
        {
            ChatGlmTokens.Begin(tokenizer, tokens);
        }

        return tokenizer;
    }

    // A text gets the space before it once, and not again after each token that is cut out of it.
    private static void PrefixFirst(JsonObject tokenizer)
    {
        tokenizer["normalizer"] = new JsonObject { ["type"] = "Sequence", ["normalizers"] = new JsonArray() };
        tokenizer["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Metaspace",
            ["replacement"] = "\u2581",
            ["prepend_scheme"] = "first",
            ["split"] = false,
        };
    }

    private static JsonObject Shaped(
        string file, SentencePieceModel model, TokenizerSettings settings, SentencePieceShape shape)
    {
        var tokens = new TokenList(file);
        foreach (var token in shape.Before)
        {
            tokens.Add(token, token == shape.Unknown ? GgufTokenType.Unknown : GgufTokenType.Control);
        }

        PieceTokenizer.AddPieces(tokens, model, shape.Skipped);
        foreach (var token in shape.After.Where(token => tokens.IdOf(token) is null))
        {
            tokens.Add(token, GgufTokenType.Control);
        }

        AddNamed(tokens, settings);
        var tokenizer = PieceTokenizer.Describe(tokens, model, shape.Unknown);
        tokenizer["post_processor"] = TextFrame.Describe(
            tokens, shape.Begin, shape.End, shape.Between, shape.SecondType);
        var normalizers = tokenizer["normalizer"]!["normalizers"]!.AsArray();
        foreach (var (normalizer, place) in shape.Normalizers.Select((normalizer, place) => (normalizer, place)))
        {
            normalizers.Insert(place, normalizer);
        }

        MaskToken.TakeSpaceBefore(tokenizer, settings.Token("mask_token") ?? shape.Mask);
        return tokenizer;
    }

    // Tokens that were added later have their ids in a file of their own.
    private static void AddNamed(TokenList tokens, TokenizerSettings settings)
    {
        foreach (var (text, id) in settings.Added.Where(entry => tokens.IdOf(entry.Key) is null))
        {
            tokens.Put(id, text, settings.AddedType(text));
        }

        foreach (var name in new[] { "bos_token", "eos_token", "unk_token", "pad_token", "cls_token", "sep_token" })
        {
            tokens.MakeSpecial(settings.Token(name));
        }
    }
}
