using Stip.Export.Checkpoints;

namespace Stip.Export.Architectures;

/// <summary>Fields that published files of a family have and that say nothing of what it computes: copies of others, or
/// of what is switched off. To warn of them would make warnings void.</summary>
internal static class VoidFields
{
    private static readonly string[] Windows = ["sliding_window", "max_window_layers", "layer_types"];

    // What came before a field of the same meaning, or describes how pictures are cut, which preprocessors know.
    private static readonly string[] Gemma =
        ["hidden_act", "sliding_window_size", "sliding_window_pattern", "_sliding_window_pattern"];

    private static readonly Dictionary<string, string[]> Families = new(StringComparer.Ordinal)
    {
        ["gemma"] = Gemma,
        ["gemma2"] = Gemma,
        ["gemma3"] = ["mm_tokens_per_image"],
        ["gemma3_text"] = Gemma,
        ["gptj"] = ["rotary", "scale_attn_weights"],
        ["mimo"] = Windows,
        ["phi3"] = ["original_max_position_embeddings"],
        ["qwen2"] = Windows,
        ["qwen2_moe"] = Windows,
        ["qwen2_vl"] = Windows,
        ["qwen2_5_vl"] = Windows,
        ["qwen2_5_vl_text"] = Windows,
        ["qwen2_vl_text"] = Windows,
        ["qwen3"] = Windows,
        ["qwen3_moe"] = Windows,
    };

    /// <summary>Takes them for read, in the file and in the part of it that is a decoder.</summary>
    public static void Pass(ConfigJson config)
    {
        foreach (var name in Families.GetValueOrDefault(config.TextIfAny("model_type") ?? "") ?? [])
        {
            _ = config.Has(name);
        }

        if (config.Has("text_config") && config.Section("text_config") is { } text)
        {
            Pass(text);
        }
    }
}
