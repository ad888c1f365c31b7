namespace Stip.Export.Architectures;

/// <summary>Families that cannot be exported whatever is written for them, and why.</summary>
internal static class RefusedFamilies
{
    private const string Recurrent = "its layers carry a state from row to row instead of a cache of keys and values, "
        + "which a session of the server has no place for";

    private const string TakesTokens = "its layers look tokens up, which a server that must not see tokens cannot";

    private const string Diffuses = "its tokens see those after them, so that it does not write from left to right";

    private const string TwoHeadSizes = "its layers have heads of two sizes, which one cache does not hold, and those "
        + "of the small ones look tokens up";

    private const string MixesHeads = "its heads attend in pairs or by experts of their own, which the attention "
        + "operator of ONNX Runtime does not";

    private const string PicksKeys = "each of its rows attends to keys that the layer picks, which the attention "
        + "operator of ONNX Runtime does not";

    private static readonly Dictionary<string, string> Reasons = new(StringComparer.Ordinal)
    {
        ["BambaForCausalLM"] = Recurrent,
        ["BltForCausalLM"] = "it cuts texts into patches of bytes as it reads them, instead of tokens",
        ["DeepseekV32ForCausalLM"] = PicksKeys,
        ["DiffLlamaForCausalLM"] = MixesHeads,
        ["DogeForCausalLM"] = PicksKeys,
        ["DreamModel"] = Diffuses,
        ["FalconH1ForCausalLM"] = Recurrent,
        ["FalconMambaForCausalLM"] = Recurrent,
        ["Gemma3nForCausalLM"] = TakesTokens,
        ["Gemma3nForConditionalGeneration"] = TakesTokens,
        ["Gemma4ForCausalLM"] = TwoHeadSizes,
        ["Gemma4ForConditionalGeneration"] = TwoHeadSizes,
        ["GlmMoeDsaForCausalLM"] = PicksKeys,
        ["JambaForCausalLM"] = Recurrent,
        ["JetMoeForCausalLM"] = MixesHeads,
        ["KimiLinearForCausalLM"] = Recurrent,
        ["LLaDAModelLM"] = Diffuses,
        ["Lfm2ForCausalLM"] = Recurrent,
        ["Lfm2MoeForCausalLM"] = Recurrent,
        ["LongcatFlashForCausalLM"] = "some of its experts give a row back as it came, which the experts' operator of "
            + "ONNX Runtime does not",
        ["MambaForCausalLM"] = Recurrent,
        ["Mamba2ForCausalLM"] = Recurrent,
        ["MiniMaxForCausalLM"] = Recurrent,
        ["MiniMaxText01ForCausalLM"] = Recurrent,
        ["NemotronHForCausalLM"] = Recurrent,
        ["OlmoHybridForCausalLM"] = Recurrent,
        ["Qwen3NextForCausalLM"] = Recurrent,
        ["Qwen3_5ForCausalLM"] = Recurrent,
        ["Qwen3_5ForConditionalGeneration"] = Recurrent,
        ["Qwen3_5MoeForCausalLM"] = Recurrent,
        ["Qwen3_5MoeForConditionalGeneration"] = Recurrent,
        ["RecurrentGemmaForCausalLM"] = Recurrent,
        ["RwkvForCausalLM"] = Recurrent,
        ["ZambaForCausalLM"] = Recurrent,
        ["Zamba2ForCausalLM"] = Recurrent,
    };

    /// <summary>Why a family is refused, null where it is only not known.</summary>
    public static string? Reason(IEnumerable<string> names) =>
        names.Select(Reasons.GetValueOrDefault).FirstOrDefault(reason => reason is not null);
}
