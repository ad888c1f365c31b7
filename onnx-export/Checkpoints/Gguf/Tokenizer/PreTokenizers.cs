using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>
/// How byte-level tokenizers cut text before they merge, by the names of <c>tokenizer.ggml.pre</c>: each as the
/// tokenizer.json of the models that it stands for says it.
/// </summary>
internal static class PreTokenizers
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Ends = @" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Words = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Llama3 = Words + @"\p{N}{1,3}|" + Ends;
    private const string Qwen2 = Words + @"\p{N}|" + Ends;
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string SlashEnds = @" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Cased = @"[^\r\n\p{L}\p{N}]?";
    private const string Tekken =
        Cased + Upper + "*" + Lower + "+|" + Cased + Upper + "+" + Lower + @"*|\p{N}|" + SlashEnds;
    private const string Gpt4o = Cased + Upper + "*" + Lower + "+" + Contractions + "?|"
        + Cased + Upper + "+" + Lower + "*" + Contractions + @"?|\p{N}{1,3}|" + SlashEnds;

    private static readonly Dictionary<string, PreTokenizer> All = Collect(
        (["gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais"], new(() => ByteLevel(splits: true))),
        (["smollm", "starcoder", "refact", "codeshell", "command-r", "exaone"], new(() => Sequence(
            Digits(), ByteLevel(splits: true)))),
        (["llama-bpe", "llama3", "llama-v3"], new(() => Regex(Llama3), IgnoresMerges: true, AddsBos: true)),
        (["smaug-bpe", "dbrx"], new(() => Regex(Llama3))),
        (["qwen2", "deepseek-r1-qwen"], new(() => Regex(Qwen2), Normalizer: "NFC")),
        (["stablelm2", "hunyuan"], new(() => Regex(Qwen2))),
        (["tekken"], new(() => Regex(Tekken), IgnoresMerges: true, AddsBos: true)),
        (["gpt-4o", "llama4"], new(() => Regex(Gpt4o))));

    /// <exception cref="Onnx.RefusedException">The name is absent or unknown: a guess would give other tokens.
    /// </exception>
    public static PreTokenizer Of(GgufMetadata metadata)
    {
        const string Key = "tokenizer.ggml.pre";
        var name = metadata.RequiredText(Key);
        return All.TryGetValue(name, out var known) ? known : throw metadata.Refused(
            $"{Key} '{name}' is not known; there are {string.Join(", ", All.Keys.Order(StringComparer.Ordinal))}");
    }

    private static JsonObject Regex(string pattern) => Sequence(
        new JsonObject
        {
            ["type"] = "Split",
            ["pattern"] = new JsonObject { ["Regex"] = pattern },
            ["behavior"] = "Isolated",
            ["invert"] = false,
        },
        ByteLevel(splits: false));

    private static JsonObject Sequence(params JsonNode[] steps) =>
        new() { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(steps) };

    private static JsonObject Digits() => new() { ["type"] = "Digits", ["individual_digits"] = true };

    private static JsonObject ByteLevel(bool splits) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = true,
        ["use_regex"] = splits,
    };

    private static Dictionary<string, PreTokenizer> Collect(params (string[] Names, PreTokenizer Kind)[] groups) =>
        groups.SelectMany(group => group.Names.Select(name => (name, group.Kind)))
            .ToDictionary(entry => entry.name, entry => entry.Kind, StringComparer.Ordinal);
}
