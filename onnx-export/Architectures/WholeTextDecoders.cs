using Stip.Export.Architectures.Decoders;
using Stip.Export.Checkpoints;

namespace Stip.Export.Architectures;

/// <summary>Decoders that read whole texts, under the names that transformers gives those without a language
/// head.</summary>
internal static class WholeTextDecoders
{
    private const string Transformer = "transformer.";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<IArchitecture> All { get; } =
    [
        .. Three("Llama", new Llama()),
        .. Three("Mistral", new Mistral()),
        .. Three("Qwen2", new Qwen2()),
        .. Three("Qwen3", new Qwen3()),
        .. Three("Gemma", new Gemma()),
        .. Three("Gemma2", new Gemma2()),
        .. Both("Gemma3Text", new Gemma3()),
        .. Three("Phi3", new Phi3()),
        .. Three("Arcee", PlainLlama.Arcee),
        .. Three("Bloom", new Bloom(), Transformer),
        .. Both("DeepseekV2", new DeepseekV2()),
        .. Three("DeepseekV3", new DeepseekV3("DeepseekV3ForCausalLM", "deepseek_v3", firstSparse: 3)),
        .. Three("DiffLlama", new DiffLlama()),
        .. Three("Exaone4", new Exaone4()),
        .. Three("Falcon", new Falcon(), Transformer),
        .. Three("Glm", new Glm()),
        .. Three("Glm4", new Glm4()),
        .. Three("GPT2", new Gpt2(), Transformer),
        .. Three("GPTBigCode", new GptBigCode(), Transformer),
        .. Both("GPTJ", new GptJ(), Transformer),
        .. Three("GPTNeo", new GptNeo(), Transformer),
        .. Three("GPTNeoX", new GptNeoX(), "gpt_neox."),
        .. Three("GptOss", new GptOss()),
        .. Three("Helium", new Helium()),
        .. Both("HunYuanDenseV1", new HunYuan("HunYuanDenseV1ForCausalLM", "hunyuan_v1_dense", isSparse: false)),
        .. Three("Ministral", new Mistral("MinistralForCausalLM", "ministral")),
        .. Three("Mixtral", new Mixtral()),
        .. Three("Mpt", new Mpt(), Transformer),
        .. Three("Nemotron", PlainLlama.Nemotron),
        .. Both("OPT", new Opt()),
        .. Three("Persimmon", new Persimmon()),
        .. Three("Phi", new Phi()),
        .. Three("Qwen2Moe", new Qwen2Moe()),
        .. Three("Qwen3Moe", new Qwen3Moe()),
        .. Three("SeedOss", new SeedOss()),
        .. Three("SmolLM3", new SmolLm3()),
        .. Three("StableLm", new StableLm()),
        .. Three("Starcoder2", new StarCoder2()),
        Bare("Apertus", new Apertus()),
        Bare("BioGpt", new BioGpt(), "biogpt."),
        Bare("CodeGen", new CodeGen(), Transformer),
        Bare("Cohere", new Cohere()),
        Bare("Cohere2", new Cohere2()),
        Bare("Ernie4_5", new Ernie45()),
        Bare("Granite", new Granite()),
        Bare("Olmo", new Olmo()),
        Bare("Olmo2", new Olmo2()),
        Bare("Olmo3", new Olmo3()),
        Bare("Olmoe", new Olmoe()),
        Bare("XGLM", new Xglm()),
        Answering("Llama", new Llama()),
        Answering("Mistral", new Mistral()),
        Answering("Qwen2", new Qwen2()),
        Answering("Qwen3", new Qwen3()),
        Answering("Arcee", PlainLlama.Arcee),
        Answering("Bloom", new Bloom(), Transformer),
        Answering("DiffLlama", new DiffLlama()),
        Answering("Exaone4", new Exaone4()),
        Answering("Falcon", new Falcon(), Transformer),
        Answering("GPT2", new Gpt2(), Transformer),
        Answering("GPTJ", new GptJ(), Transformer),
        Answering("GPTNeo", new GptNeo(), Transformer),
        Answering("GPTNeoX", new GptNeoX(), "gpt_neox."),
        Answering("Ministral", new Mistral("MinistralForCausalLM", "ministral")),
        Answering("Mixtral", new Mixtral()),
        Answering("Mpt", new Mpt(), Transformer),
        Answering("Nemotron", PlainLlama.Nemotron),
        Answering("OPT", new Opt()),
        Answering("Qwen2Moe", new Qwen2Moe()),
        Answering("Qwen3Moe", new Qwen3Moe()),
        Answering("SeedOss", new SeedOss()),
        Answering("SmolLM3", new SmolLm3()),
    ];

    // Without a head, and with one that labels.
    private static IEnumerable<IArchitecture> Both(string name, IArchitecture decoder, string root = "model.") =>
    [
        Bare(name, decoder, root),
        new WholeTextDecoder($"{name}ForSequenceClassification", decoder, DecoderEnd.Classes, root),
    ];

    // The same, and with one that labels every token.
    private static IEnumerable<IArchitecture> Three(string name, IArchitecture decoder, string root = "model.") =>
    [
        .. Both(name, decoder, root),
        new WholeTextDecoder($"{name}ForTokenClassification", decoder, DecoderEnd.Tokens, root),
    ];

    private static WholeTextDecoder Bare(string name, IArchitecture decoder, string root = "model.") =>
        new($"{name}Model", decoder, DecoderEnd.Rows, root);

    private static WholeTextDecoder Answering(string name, IArchitecture decoder, string root = "model.") =>
        new($"{name}ForQuestionAnswering", decoder, DecoderEnd.Answer, root);
}
