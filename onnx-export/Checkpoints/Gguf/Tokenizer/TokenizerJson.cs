using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>The parts of a tokenizer.json that both kinds of tokenizers share.</summary>
internal static class TokenizerJson
{
    private const string Phi3 = "phi3";

    // Phi-3's special tokens swallow the spaces after them, but for these; files do not carry it.
    private static readonly string[] KeepSpaces = ["<unk>", "<s>", "<|endoftext|>"];

    /// <summary>Everything but normaliser, pre-tokenizer, decoder and model.</summary>
    public static JsonObject Frame(
        GgufMetadata metadata,
        GgufVocabulary vocabulary,
        bool addsBosByDefault,
        bool addsEosByDefault = false,
        PairJoint joint = PairJoint.Begin)
    {
        var swallows = metadata.Text("general.architecture") == Phi3;
        var added = Enumerable.Range(0, vocabulary.Tokens.Count).Where(vocabulary.IsAdded)
            .Select(id => (JsonNode)Added(vocabulary, id, swallows));
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. added]),
            ["post_processor"] = PostProcessor(metadata, vocabulary, addsBosByDefault, addsEosByDefault, joint),
        };
    }

    public static JsonObject Bpe(
        GgufVocabulary vocabulary,
        IEnumerable<(string Left, string Right)> merges,
        string? unknown = null,
        bool hasByteFallback = false,
        bool ignoresMerges = false)
    {
        return new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = unknown,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = hasByteFallback,
            ["byte_fallback"] = hasByteFallback,
            ["ignore_merges"] = ignoresMerges,
            ["vocab"] = Vocabulary(vocabulary),
            ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)new JsonArray(merge.Left, merge.Right))]),
        };
    }

    /// <summary>Ids by token.</summary>
    public static JsonObject Vocabulary(GgufVocabulary vocabulary)
    {
        var vocab = new JsonObject();
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
        {
            if (vocabulary.Types[id] != GgufTokenType.Unused && !vocab.ContainsKey(vocabulary.Tokens[id]))
            {
                vocab.Add(vocabulary.Tokens[id], id);
            }
        }

        return vocab;
    }

    private static JsonObject Added(GgufVocabulary vocabulary, int id, bool swallows) => new JsonObject
    {
        ["id"] = id,
        ["content"] = vocabulary.Tokens[id],
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = swallows && !KeepSpaces.Contains(vocabulary.Tokens[id]),
        ["normalized"] = false,
        ["special"] = vocabulary.Types[id] != GgufTokenType.UserDefined,
    };

    private static JsonObject PostProcessor(
        GgufMetadata metadata,
        GgufVocabulary vocabulary,
        bool addsBosByDefault,
        bool addsEosByDefault,
        PairJoint joint)
    {
        var first = metadata.Flag("tokenizer.ggml.add_bos_token") ?? addsBosByDefault
            ? vocabulary.Id(metadata, "bos_token_id") ?? vocabulary.Id(metadata, "cls_token_id")
            : null;
        var last = metadata.Flag("tokenizer.ggml.add_eos_token") ?? addsEosByDefault
            ? vocabulary.Id(metadata, "eos_token_id") ?? vocabulary.Id(metadata, "seperator_token_id")
            : null;
        var between = joint == PairJoint.Begin ? first : joint == PairJoint.End && first is not null ? last : null;
        var special = new JsonObject();
        foreach (var id in new[] { first, last }.OfType<int>().Distinct())
        {
            var text = vocabulary.Tokens[id];
            special[text] = new JsonObject
            {
                ["id"] = text,
                ["ids"] = new JsonArray(id),
                ["tokens"] = new JsonArray(text),
            };
        }

        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. Text("A", 0, first)]),
            ["pair"] = new JsonArray([.. Text("A", 0, first), .. Text("B", joint == PairJoint.End ? 0 : 1, between)]),
            ["special_tokens"] = special,
        };

        IEnumerable<JsonNode> Text(string sequence, int type, int? before) =>
            new[] { Token(before, type), Part("Sequence", sequence, type), Token(last, type) }.OfType<JsonNode>();

        JsonObject? Token(int? id, int type) =>
            id is { } token ? Part("SpecialToken", vocabulary.Tokens[token], type) : null;
    }

    private static JsonObject Part(string kind, string id, int type) =>
        new() { [kind] = new JsonObject { ["id"] = id, ["type_id"] = type } };
}
