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
        .. Both("Llama", new Llama()),
        .. Both("Mistral", new Mistral()),
        .. Both("Qwen2", new Qwen2()),
        .. Both("Qwen3", new Qwen3()),
        .. Both("Gemma", new Gemma()),
        .. Both("Gemma2", new Gemma2()),
        .. Both("Gemma3Text", new Gemma3()),
        .. Both("Phi3", new Phi3()),
        .. Both("Arcee", PlainLlama.Arcee),
        .. Both("Bloom", new Bloom(), Transformer),
        .. Both("DeepseekV2", new DeepseekV2()),
        .. Both("DeepseekV3", new DeepseekV3("DeepseekV3ForCausalLM", "deepseek_v3", firstSparse: 3)),
        .. Both("DiffLlama", new DiffLlama()),
        .. Both("Exaone4", new Exaone4()),
        .. Both("Falcon", new Falcon(), Transformer),
        .. Both("Glm", new Glm()),
        .. Both("Glm4", new Glm4()),
        .. Both("GPT2", new Gpt2(), Transformer),
        .. Both("GPTBigCode", new GptBigCode(), Transformer),
        .. Both("GPTJ", new GptJ(), Transformer),
        .. Both("GPTNeo", new GptNeo(), Transformer),
        .. Both("GPTNeoX", new GptNeoX(), "gpt_neox."),
        .. Both("GptOss", new GptOss()),
        .. Both("Helium", new Helium()),
        .. Both("HunYuanDenseV1", new HunYuan("HunYuanDenseV1ForCausalLM", "hunyuan_v1_dense", isSparse: false)),
        .. Both("Ministral", new Mistral("MinistralForCausalLM", "ministral")),
        .. Both("Mixtral", new Mixtral()),
        .. Both("Mpt", new Mpt(), Transformer),
        .. Both("Nemotron", PlainLlama.Nemotron),
        .. Both("OPT", new Opt()),
        .. Both("Persimmon", new Persimmon()),
        .. Both("Phi", new Phi()),
        .. Both("Qwen2Moe", new Qwen2Moe()),
        .. Both("Qwen3Moe", new Qwen3Moe()),
        .. Both("SeedOss", new SeedOss()),
        .. Both("SmolLM3", new SmolLm3()),
        .. Both("StableLm", new StableLm()),
        .. Both("Starcoder2", new StarCoder2()),
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
    ];

    // Without a head, and with one that labels.
    private static IEnumerable<IArchitecture> Both(string name, IArchitecture decoder, string root = "model.") =>
    [
        Bare(name, decoder, root),
        new WholeTextDecoder($"{name}ForSequenceClassification", decoder, DecoderEnd.Classes, root),
    ];

    private static WholeTextDecoder Bare(string name, IArchitecture decoder, string root = "model.") =>
        new($"{name}Model", decoder, DecoderEnd.Rows, root);
}
