namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>The tokens of a file, in the order of their ids.</summary>
/// <param name="Tokens">Their texts.</param>
/// <param name="Types">What each is.</param>
internal sealed record GgufVocabulary(IReadOnlyList<string> Tokens, IReadOnlyList<GgufTokenType> Types)
{
    private const string Prefix = "tokenizer.ggml";

    private static readonly string[] EndKeys = ["eos_token_id", "eot_token_id", "eom_token_id"];

    // How models that can chat end a turn, whatever the file says its end token is.
    private static readonly string[] TurnEnds =
    [
        "<|eot_id|>", "<|eom_id|>", "<|im_end|>", MessageEnd, "<end_of_turn>", "<|end_of_text|>", "<|endoftext|>",
        "<|return|>", "<|call|>", "<|calls|>", "<|flush|>", "<EOT>", "_<EOT>", "[EOT]", "<end_of_utterance>", "[e~[",
        "<\uFF5Cend\u2581of\u2581sentence\uFF5C>", "<|fim_pad|>", "<|repo_name|>", "<reponame>", "<|file_sep|>",
    ];

    // Ends of texts, where they are no words: Gemma's vocabulary has </s> as markup.
    private static readonly string[] TextEnds = ["</s>", "<eos>", "[EOS]"];

    // Where a token ends a turn or hands it to a tool, this one only ends one message of several: gpt-oss thinks in
    // the first and answers in the next.
    private const string MessageEnd = "<|end|>";

    private static readonly (string Turn, string Call)[] EndsOfSeveral =
    [
        ("<|return|>", "<|call|>"), ("<|return|>", "<|calls|>"), ("<|flush|>", "<|call|>"), ("<|flush|>", "<|calls|>"),
    ];

    public static GgufVocabulary Read(GgufMetadata metadata)
    {
        var tokens = metadata.Texts($"{Prefix}.tokens") ?? throw metadata.Refused($"there is no {Prefix}.tokens");
        var types = metadata.Integers($"{Prefix}.token_type");
        return types is null || types.Count == tokens.Count
            ? new GgufVocabulary(tokens, types is null
                ? [.. tokens.Select(_ => GgufTokenType.Normal)]
                : [.. types.Select(type => (GgufTokenType)type)])
            : throw metadata.Refused($"{Prefix}.token_type has {types.Count} entries for {tokens.Count} tokens");
    }

    /// <summary>The id under a key such as <c>bos_token_id</c>, null where there is none.</summary>
    public int? Id(GgufMetadata metadata, string key)
    {
        // Files without such a token say -1 as an unsigned number.
        var name = $"{Prefix}.{key}";
        return metadata.Number(name) is not { } id || id is uint.MaxValue or -1 ? null
            : id >= 0 && id < Tokens.Count ? (int)id
            : throw metadata.Refused($"{name} is {id}; there are tokens 0..{Tokens.Count - 1}");
    }

    /// <summary>Tokens that end a text or a turn of it; empty where there are none.</summary>
    public IReadOnlyList<int> Ends(GgufMetadata metadata)
    {
        var named = EndKeys.Select(key => Id(metadata, key));
        var known = Enumerable.Range(0, Tokens.Count)
            .Where(id => Types[id] is GgufTokenType.Control or GgufTokenType.UserDefined)
            .Where(id => TurnEnds.Contains(Tokens[id])
                || (Types[id] is GgufTokenType.Control && TextEnds.Contains(Tokens[id])));
        int[] all = [.. named.OfType<int>().Concat(known).Distinct()];
        var texts = all.Select(id => Tokens[id]).ToHashSet(StringComparer.Ordinal);
        var hasSeveral = Array.Exists(EndsOfSeveral, pair => texts.Contains(pair.Turn) && texts.Contains(pair.Call));
        return hasSeveral ? [.. all.Where(id => Tokens[id] != MessageEnd)] : all;
    }

    /// <summary>Tokens that are looked for in the text before anything else.</summary>
    public bool IsAdded(int id) =>
        Types[id] is GgufTokenType.Control or GgufTokenType.UserDefined or GgufTokenType.Unknown;
}
