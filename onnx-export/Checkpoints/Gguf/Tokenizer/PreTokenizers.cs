namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>
/// How byte-level tokenizers cut text before they merge, by the names of <c>tokenizer.ggml.pre</c>: each as the
/// tokenizer.json of the models that it stands for says it.
/// </summary>
internal static class PreTokenizers
{
    private static readonly Dictionary<string, PreTokenizer> All = Collect(
        (["gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de",
            "jina-v1-en", "jina-v2-code", "roberta-bpe", "modern-bert", "gigachat", "a.x-4.0", "mellum", "exaone4",
            "trillion", "granite-docling"], Cut(Patterns.Gpt2)),
        (["smollm", "starcoder", "refact", "codeshell", "command-r", "exaone", "minerva-7b", "mellum2"],
            Cut(Patterns.Digit, Patterns.Gpt2)),
        (["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"],
            Cut(Patterns.Llama3) with { IgnoresMerges = true, AddsBos = true }),
        (["smaug-bpe", "dbrx", "glm4", "chatglm-bpe"], Cut(Patterns.Llama3)),
        (["jais-2"], Cut(Patterns.Jais2)),
        (["minicpm5"], Cut(Patterns.ThreeDigits, Patterns.AllDigits) with { IgnoresMerges = true }),
        (["qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez"], Cut(Patterns.Qwen2) with { Normalizer = "NFC" }),
        (["stablelm2", "hunyuan", "solar-open", "grok-2"], Cut(Patterns.Qwen2)),
        (["qwen35"], Cut(Patterns.Qwen35) with { Normalizer = "NFC" }),
        (["laguna"], Cut(Patterns.Lines, Patterns.Qwen2)),
        (["seed-coder"], Cut(Patterns.SeedCoder)),
        (["ufakzeka"], Cut(Patterns.WithoutContractions)),
        (["bailingmoe", "bailingmoe2", "llada-moe"], Cut(Patterns.BailingMoe)),
        (["exaone-moe"], Cut(Patterns.ExaoneMoe)),
        (["tekken"], Cut(Patterns.Tekken) with { IgnoresMerges = true, AddsBos = true }),
        (["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"], Cut(Patterns.Gpt4o)),
        (["granite-embed-multi-97m"], Cut(Patterns.Gpt4o) with { IgnoresMerges = true }),
        (["tiny_aya", "cohere2moe"], Cut(Patterns.GroupsToAWordsEnd, Patterns.Gpt4o)),
        (["youtu"], Cut(Patterns.EastAsianRuns, Patterns.Youtu) with { IgnoresMerges = true }),
        (["kimi-k2"], Cut(Patterns.KimiK2)),
        (["bloom", "poro-chat", "gpt3-finnish"], Cut(Patterns.Bloom)),
        (["viking"], Cut(Patterns.Bloom, Patterns.Digit)),
        (["falcon"], Cut(Patterns.FalconPunctuation, Patterns.Gpt2, Patterns.ThreeAsciiDigits)),
        (["default"], Cut(
            Patterns.DefaultPunctuation, Patterns.Gpt2, Patterns.Digits, Patterns.ThreeAsciiDigits)),
        (["superbpe"], Cut(Patterns.Digits, Patterns.BeforeGroupsOfThree)),
        (["chameleon"], AfterBos(
            Patterns.Sentinel, Patterns.ImageToken, Patterns.Indent, Patterns.Digit, Patterns.EachPunctuation,
            Patterns.Gpt2)),
        (["deepseek-llm"], Cut(
            Patterns.LineBreak, Patterns.CasedWord, Patterns.WidePunctuation, Patterns.FinalSpaces,
            Patterns.EastAsian, Patterns.Digits)),
        (["deepseek-coder"], Cut(
            Patterns.LineBreak, Patterns.SpacedWord, Patterns.SpacedPunctuation, Patterns.EastAsian, Patterns.Digit)),
        (["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"], Cut(
            Patterns.ThreeDigits, Patterns.ChineseAndKana, Patterns.DeepSeek3)),
        (["spark2_5"], Cut(
            Patterns.ThreeDigits, Patterns.ChineseAndKana, Patterns.Spark, Patterns.Digit)),
        (["afmoe"], Cut(Patterns.GroupsOfThree, Patterns.Asian, Patterns.DeepSeek3)));

    /// <exception cref="Onnx.RefusedException">The name is absent or unknown: a guess would give other tokens.
    /// </exception>
    public static PreTokenizer Of(GgufMetadata metadata)
    {
        const string Key = "tokenizer.ggml.pre";
        var name = metadata.RequiredText(Key);
        return All.TryGetValue(name, out var known) ? known : throw metadata.Refused(
            $"{Key} '{name}' is not known; there are {string.Join(", ", All.Keys.Order(StringComparer.Ordinal))}");
    }

    private static PreTokenizer Cut(params string[] patterns) => new(patterns);

    private static PreTokenizer AfterBos(params string[] patterns) => new(patterns) { AddsBos = true };

    private static Dictionary<string, PreTokenizer> Collect(params (string[] Names, PreTokenizer Kind)[] groups) =>
        groups.SelectMany(group => group.Names.Select(name => (name, group.Kind)))
            .ToDictionary(entry => entry.name, entry => entry.Kind, StringComparer.Ordinal);
}
