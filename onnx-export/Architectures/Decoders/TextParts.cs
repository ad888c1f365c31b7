namespace Stip.Export.Architectures.Decoders;

/// <summary>Models whose decoder is exported without what sees or hears.</summary>
internal static class TextParts
{
    // What its text has where the file does not say it, of whatever kind that is.
    private const string Voxtral = """
        {"vocab_size": 131072, "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 30,
         "num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 1e8,
         "head_dim": 128}
        """;

    /// <summary>One for each family.</summary>
    public static IReadOnlyList<IArchitecture> All { get; } =
    [
        new TextPart("Mistral3ForConditionalGeneration", "mistral3") { Kind = "mistral" },
        new TextPart("Llama4ForConditionalGeneration", "llama4") { Kind = "llama4_text" },
        new TextPart("Gemma3ForConditionalGeneration", "gemma3") { Text = new Gemma3() },
        new TextPart("Qwen2VLForConditionalGeneration", "qwen2_vl") { Text = new Qwen2() },
        new TextPart("Qwen2_5_VLForConditionalGeneration", "qwen2_5_vl") { Text = new Qwen2() },
        new TextPart("Qwen3VLForConditionalGeneration", "qwen3_vl") { Text = new Qwen3() },
        new TextPart("Qwen3VLMoeForConditionalGeneration", "qwen3_vl_moe") { Text = Qwen3Moe.Seeing },
        new TextPart("Glm4vForConditionalGeneration", "glm4v") { Text = new Glm4 { HeadDim = null } },
        new TextPart("Glm4vMoeForConditionalGeneration", "glm4v_moe") { Text = new Glm4Moe() },
        new TextPart("FuyuForCausalLM", "fuyu") { Text = new Persimmon() },
        new TextPart("LlavaNextForConditionalGeneration", "llava_next") { Kind = "llama" },
        new TextPart("LlavaNextVideoForConditionalGeneration", "llava_next_video") { Kind = "llama" },
        new TextPart("LlavaOnevisionForConditionalGeneration", "llava_onevision") { Kind = "qwen2" },
        new TextPart("VipLlavaForConditionalGeneration", "vipllava") { Kind = "llama" },
        new TextPart("VideoLlavaForConditionalGeneration", "video_llava") { Kind = "llama" },
        new TextPart("Ovis2ForConditionalGeneration", "ovis2") { Kind = "qwen2" },
        new TextPart("JanusForConditionalGeneration", "janus") { Kind = "llama" },
        new TextPart("Idefics2ForConditionalGeneration", "idefics2") { Kind = "mistral" },
        new TextPart("InternVLForConditionalGeneration", "internvl") { Kind = "qwen2" },
        new TextPart("InternVLChatModel", "internvl_chat"),
        new TextPart("Idefics3ForConditionalGeneration", "idefics3") { Kind = "llama" },
        new TextPart("SmolVLMForConditionalGeneration", "smolvlm") { Kind = "llama" },
        new TextPart("AyaVisionForConditionalGeneration", "aya_vision") { Kind = "cohere2" },
        new TextPart("Cohere2VisionForConditionalGeneration", "cohere2_vision") { Kind = "cohere2" },
        new TextPart("GotOcr2ForConditionalGeneration", "got_ocr2") { Kind = "qwen2" },
        new TextPart("KimiVLForConditionalGeneration", "kimi_vl") { Kind = "deepseek_v3" },
        new TextPart("Qwen2AudioForConditionalGeneration", "qwen2_audio") { Kind = "qwen2" },
        new TextPart("VoxtralForConditionalGeneration", "voxtral") { Kind = "llama", Defaults = Voxtral },
        new TextPart("AriaForConditionalGeneration", "aria") { Kind = "aria_text" },
        new TextPart("Emu3ForConditionalGeneration", "emu3") { Kind = "emu3_text_model" },
        new TextPart("PerceptionLMForConditionalGeneration", "perception_lm") { Kind = "llama" },
        new TextPart("VideoLlama3ForConditionalGeneration", "video_llama_3") { Kind = "qwen2" },
        new TextPart("DeepseekVLForConditionalGeneration", "deepseek_vl") { Kind = "llama" },
        new TextPart("DeepseekVLHybridForConditionalGeneration", "deepseek_vl_hybrid") { Kind = "llama" },
        new TextPart("Qwen2_5OmniForConditionalGeneration", "qwen2_5_omni") { Text = new Qwen2() },
        new TextPart("Qwen2_5OmniThinkerForConditionalGeneration", "qwen2_5_omni_thinker") { Text = new Qwen2() },
        new TextPart("Qwen3OmniMoeForConditionalGeneration", "qwen3_omni_moe") { Text = new Qwen3Moe() },
        new TextPart("Qwen3OmniMoeThinkerForConditionalGeneration", "qwen3_omni_moe_thinker")
        {
            Text = new Qwen3Moe(),
        },
        new TextPart("GraniteSpeechForConditionalGeneration", "granite_speech") { Kind = "granite" },
        new TextPart("AudioFlamingo3ForConditionalGeneration", "audioflamingo3") { Kind = "qwen2" },
    ];
}
