using Stip.Export.Architectures.Decoders;
using Stip.Export.Architectures.Sequences;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures;

/// <summary>The families that can be exported.</summary>
internal static class SupportedArchitectures
{
    private static readonly IArchitecture[] All =
    [
        new Llama(), new Gpt2(), new Mistral(), new Mixtral(), new Qwen2(), new Qwen3(), new Phi3(), new Gemma2(),
        PlainLlama.Arcee, new Bloom(), new CodeGen(), new Cohere(), new Cohere2(), new Ernie45(), new Falcon(),
        new Gemma(), new Gemma3(), new Glm(), new Glm4(), new GptBigCode(), new GptOss(), new GptJ(), new GptNeo(),
        new GptNeoX(), new Granite(), new Helium(), new InternLm2(), new Mpt(), PlainLlama.Nemotron, new Olmo(),
        new Mpt("MPTForCausalLM"),
        new Olmo2(), new Olmo3(), new Olmoe(), new Opt(), new Persimmon(), new Phi(), new Qwen2Moe(), new Qwen3Moe(),
        new SeedOss(), new SmolLm3(), new StableLm(), new StarCoder2(),
        new GraniteMoe("GraniteMoeForCausalLM", "granitemoe"),
        new GraniteMoe("GraniteMoeSharedForCausalLM", "granitemoeshared"), new BioGpt(), new Exaone4(),
        Gemma2.Vault, new Xglm(), new Mistral("MinistralForCausalLM", "ministral"),
        new Llama("LLaMAForCausalLM", "llama"), new Llama("XverseForCausalLM", "xverse"),
        new Llama("AquilaForCausalLM", "aquila"), new Llama("SkyworkForCausalLM", "skywork"),
        new InternLm("InternLMForCausalLM", "internlm"), new InternLm("InternLM3ForCausalLM", "internlm3"),
        new Apertus(), new Baichuan("BaichuanForCausalLM"), new Baichuan("BaiChuanForCausalLM"),
        new ChatGlm("ChatGLMModel"), new ChatGlm("ChatGLMForConditionalGeneration"), new Exaone(), new MiniCpm(),
        new Orion(), new Qwen(), new OpenAiGpt(), new Ministral3(), new Llama4(),
        .. TextParts.All,
        new Dbrx(), new PhiMoe("PhimoeForCausalLM"), new PhiMoe("PhiMoEForCausalLM"),
        new Qwen2("MiMoForCausalLM", "mimo"), Mistral.Cwm,
        new Falcon("RWForCausalLM", "RefinedWebModel"),
        new StableLm("StableLMEpochForCausalLM", "stablelm_epoch"), new BitNet(), new Ctrl(), new Jais(),
        PlainLlama.Jais2, new NanoChat(), new OpenElm(), GraniteMoe.Four, new ModernBertDecoder(),
        new AriaText(), new Llama("Emu3ForCausalLM", "emu3_text_model"), new DiffLlama(),
        Granite.Local, GraniteMoe.Local, new HyperClovaX(), new Mellum(),
        new GptNeoXJapanese(), new Phi3("Phi4MultimodalForCausalLM", "phi4_multimodal"),
        new Phi3("Phi3VForCausalLM", "phi3_v"),
        new InternLm("PanguEmbeddedForCausalLM", "PanguEmbedded"), new Deepseek(), new DeepseekV2(),
        new DeepseekV3("DeepseekV3ForCausalLM", "deepseek_v3", firstSparse: 3),
        new DeepseekV3("Glm4MoeLiteForCausalLM", "glm4_moe_lite", firstSparse: 1), new MiniCpm3(), new Glm4Moe(),
        Glm4Moe.SolarOpen, DeepseekV3.Youtu, DeepseekV3.AxK1, new Cohere2Moe(), new ExaoneMoe(),
        new Mistral4(), new HunYuan3(),
        new MllamaText("MllamaForConditionalGeneration", "mllama"),
        new MllamaText("MllamaForCausalLM", "mllama_text_model"),
        new Dots1(), new MiniMaxM2(), new Ernie45Moe(), new Afmoe(), new FlexOlmo(),
        new HunYuan("HunYuanDenseV1ForCausalLM", "hunyuan_v1_dense", isSparse: false),
        new HunYuan("HunYuanMoEV1ForCausalLM", "hunyuan_v1_moe", isSparse: true),
        new BailingMoe("BailingMoeForCausalLM", "bailing_moe", isBalanced: false),
        new BailingMoe("BailingMoeV2ForCausalLM", "bailing_moe_v2", isBalanced: true),
        .. WholeTextDecoders.All,
        .. EncoderFamilies.All,
    ];

    /// <summary>Finds the family that config.json names.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="embedsTexts">True where a decoder is to give features of whole texts.</param>
    public static IArchitecture Of(ConfigJson config, bool embedsTexts = false) =>
        Of(config, config.Texts("architectures"), embedsTexts);

    /// <summary>Finds what a part of a larger model is: transformers goes by its <c>model_type</c>, and names of
    /// families there may be of code that never was published (<c>VLlama3ForCausalLM</c> in SmolVLM).</summary>
    /// <param name="config">The part's section of config.json.</param>
    public static IArchitecture OfPart(ConfigJson config)
    {
        var names = config.Texts("architectures");
        return Of(config, names.Any(name => Array.Exists(All, family => family.Name == name)) ? names : [], false);
    }

    private static IArchitecture Of(ConfigJson config, IReadOnlyList<string> names, bool embedsTexts)
    {
        var modelType = config.Text("model_type");
        var found = names.Count > 0
            ? Array.Find(All, family => names.Contains(family.Name))
            : Array.Find(All, family => family.ModelType == modelType);
        if (embedsTexts)
        {
            // sentence-transformers goes by model_type, unless the code is the checkpoint's own.
            var embedder = EmbedderOf(found, names);
            found ??= embedder is null && RefusedFamilies.Reason(names) is null && !config.IsGiven("auto_map")
                ? Array.Find(All, family => family.ModelType == modelType)
                : null;
            if ((embedder ?? EmbedderOf(found, [])) is { } bare)
            {
                names = [bare];
                found = Array.Find(All, family => family.Name == bare);
            }
        }

        if (found is null && RefusedFamilies.Reason(names) is { } reason)
        {
            throw new RefusedException($"architecture '{string.Join(", ", names)}' is not supported: {reason}");
        }

        return found ?? throw new RefusedException(
            $"architecture '{(names.Count > 0 ? string.Join(", ", names) : modelType ?? "unnamed")}' is not supported; "
            + $"there are {string.Join(", ", All.Select(family => family.Name))}");
    }

    // A folder that embeds names the whole of which its encoder is a part, or what its encoder was trained with; null
    // where it names what embeds.
    private static string? EmbedderOf(IArchitecture? found, IReadOnlyList<string> names)
    {
        if (found is T5Sequence whole)
        {
            return whole.EncoderName;
        }

        string[] bare = [.. (found is null ? names : [found.Name]).SelectMany(HeadNames.Without)];
        return Array.Find(bare, name => Array.Exists(All, family => family.Name == name))
            ?? (HeadNames.Writes(found?.Name) ? bare[0] : null);
    }
}
