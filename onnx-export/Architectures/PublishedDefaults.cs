namespace Stip.Export.Architectures;

/// <summary>What transformers takes where a decoder's configuration leaves a field out: files that are written by hand,
/// and those of parts of larger models, hold only what differs.</summary>
internal static class PublishedDefaults
{
    private const string Gemma3 = """
        {"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
         "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 131072,
         "tie_word_embeddings": true}
        """;

    private const string Llama4 = """
        {"vocab_size": 202048, "hidden_size": 5120, "intermediate_size": 8192, "intermediate_size_mlp": 16384,
         "num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8,
         "max_position_embeddings": 131072, "num_local_experts": 16, "attention_chunk_size": 8192,
         "rope_theta": 5e5}
        """;

    // Keys and values out of a latent vector, as DeepSeek's.
    private const string Latent = """
        "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128
        """;

    // By model_type. What is not here an architecture takes itself where its file does not say it.
    private static readonly Dictionary<string, string> Families = new(StringComparer.Ordinal)
    {
        ["afmoe"] = Sizes(200192, 2048, 6144, 32, 16, 16384, more: """
            "moe_intermediate_size": 1408, "num_experts": 64, "num_experts_per_tok": 6, "num_shared_experts": 2
            """),
        ["apertus"] = Sizes(131072, 4096, 14336, 32, 32, 65536),
        ["arcee"] = Sizes(32000, 2560, 18432, 32, 32, 4096),
        ["aria_text"] = Sizes(32000, 4096, 4096, 32, 32, 2048),
        ["axk1"] = Sizes(163840, 7168, 18432, 61, 64, 32768, more: Latent + """
            , "moe_intermediate_size": 2048, "n_routed_experts": 192, "n_shared_experts": 1, "n_group": 8,
            "topk_group": 4, "num_experts_per_tok": 8
            """),
        ["biogpt"] = Sizes(42384, 1024, 4096, 24, 16, 1024),
        ["bitnet"] = Sizes(128256, 2560, 6912, 30, 20, 2048, 5),
        ["bloom"] = """{"vocab_size": 250880, "hidden_size": 64, "n_layer": 2, "n_head": 8}""",
        ["codegen"] = Gpt(50400, 4096, 28, 16, 2048),
        ["cohere"] = Sizes(256000, 8192, 22528, 40, 64, 8192, more: "\"rope_theta\": 5e5"),
        ["cohere2"] = Sizes(256000, 8192, 22528, 40, 64, 8192),
        ["cohere2_moe"] = Sizes(256000, 8192, 22528, 40, 64, 8192),
        ["cwm"] = Sizes(128256, 6144, 21504, 64, 48, 131072, 8),
        ["deepseek_v2"] = Sizes(32000, 4096, 11008, 32, 32, 2048, more: Latent + """
            , "moe_intermediate_size": 1407, "n_routed_experts": 64, "n_shared_experts": 2
            """),
        ["deepseek_v3"] = Sizes(129280, 7168, 18432, 61, 128, 4096, more: Latent + """
            , "moe_intermediate_size": 2048, "n_routed_experts": 256, "n_shared_experts": 1, "n_group": 8,
            "topk_group": 4, "num_experts_per_tok": 8
            """),
        ["diffllama"] = Sizes(32000, 2048, 8192, 16, 32, 2048),
        ["dots1"] = Sizes(152064, 4608, 10944, 62, 32, 2048, 32, "\"moe_intermediate_size\": 1408"),
        ["emu3_text_model"] = Sizes(
            184622, 4096, 14336, 32, 32, 9216, 8, "\"rms_norm_eps\": 1e-5, \"rope_theta\": 1e6"),
        ["ernie4_5"] = Sizes(103424, 1024, 3072, 18, 16, 131072, 2),
        ["ernie4_5_moe"] = Sizes(103424, 2560, 12288, 28, 20, 131072, 4, """
            "moe_intermediate_size": 1536, "moe_k": 6, "moe_num_experts": 64, "moe_num_shared_experts": 2
            """),
        ["exaone"] = """
            {"vocab_size": 102400, "hidden_size": 2048, "num_layers": 32, "num_attention_heads": 32,
             "max_position_embeddings": 2048}
            """,
        ["exaone4"] = Sizes(102400, 4096, 16384, 32, 32, 2048, 32, "\"sliding_window\": 4096"),
        ["exaone_moe"] = Sizes(102400, 4096, 16384, 32, 32, 2048, 32, """
            "moe_intermediate_size": 1024, "num_experts": 64, "num_experts_per_tok": 8, "num_shared_experts": 1
            """),
        ["falcon"] = """
            {"vocab_size": 65024, "hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71,
             "max_position_embeddings": 2048}
            """,
        ["flex_olmo"] = Sizes(100352, 4096, 11008, 32, 32, 4096),
        ["fuyu"] = Sizes(262144, 4096, 16384, 36, 64, 16384),
        ["gemma"] = Sizes(256000, 3072, 24576, 28, 16, 8192, 16),
        ["gemma2"] = Sizes(256000, 2304, 9216, 26, 8, 8192, 4),
        ["gemma3"] = Gemma3,
        ["gemma3_text"] = Gemma3,
        ["glm"] = Sizes(151552, 4096, 13696, 40, 32, 131072, 2),
        ["glm4"] = Sizes(151552, 4096, 13696, 40, 32, 131072, 2),
        ["glm4_moe"] = Sizes(151552, 4096, 10944, 46, 96, 131072, 8, """
            "moe_intermediate_size": 1408, "n_routed_experts": 128, "n_shared_experts": 1, "num_experts_per_tok": 8
            """),
        ["glm4v"] = Sees.Glm4,
        ["glm4v_text"] = Sees.Glm4,
        ["glm4v_moe"] = Sees.Glm4Moe,
        ["glm4v_moe_text"] = Sees.Glm4Moe,
        ["glm4_moe_lite"] = Sizes(154880, 2048, 10240, 47, 20, 202752, more: """
            "rms_norm_eps": 1e-5, "moe_intermediate_size": 1536, "n_routed_experts": 64, "n_shared_experts": 1,
            "num_experts_per_tok": 4, "routed_scaling_factor": 1.8, "kv_lora_rank": 512, "q_lora_rank": 768,
            "qk_nope_head_dim": 192, "qk_rope_head_dim": 64, "v_head_dim": 256
            """),
        ["gpt2"] = Gpt(50257, 768, 12, 12, 1024),
        ["gpt_bigcode"] = Gpt(50257, 768, 12, 12, 1024),
        ["gpt_neo"] = """
            {"vocab_size": 50257, "hidden_size": 2048, "num_layers": 24, "num_heads": 16,
             "max_position_embeddings": 2048}
            """,
        ["gpt_neox"] = Sizes(50432, 6144, 24576, 44, 64, 2048),
        ["gptj"] = Gpt(50400, 4096, 28, 16, 2048),
        ["granite"] = Sizes(32000, 4096, 11008, 32, 32, 2048),
        ["granitemoe"] = Sizes(32000, 4096, 11008, 32, 32, 2048),
        ["granite_swa"] = Sizes(100352, 2560, 8192, 24, 20, 8192, 4),
        ["granitemoe_swa"] = Sizes(32000, 4096, 11008, 32, 32, 2048),
        ["granitemoeshared"] = Sizes(32000, 4096, 11008, 32, 32, 2048),
        ["helium"] = Sizes(48000, 2560, 7040, 24, 20, 4096, 20),
        ["hunyuan_v1_moe"] = Sizes(
            290943, 4096, 11008, 32, 32, 2048, more: "\"num_experts\": 1, \"moe_topk\": 1"),
        ["hyperclovax"] = Sizes(32000, 4096, 11008, 32, 32, 2048),
        ["internlm2"] = Sizes(103168, 4096, 11008, 32, 32, 2048),
        ["llama"] = Sizes(32000, 4096, 11008, 32, 32, 2048),
        ["llama4"] = Llama4,
        ["llama4_text"] = Llama4,
        ["mellum"] = Sizes(98304, 2304, 7168, 28, 32, 131072, 4, "\"moe_intermediate_size\": 896"),
        ["minicpm3"] = Sizes(73448, 2560, 6400, 62, 40, 32768, more: """
            "rms_norm_eps": 1e-5, "kv_lora_rank": 256, "q_lora_rank": 768, "qk_nope_head_dim": 64,
            "qk_rope_head_dim": 32, "scale_emb": 12, "scale_depth": 1.4, "dim_model_base": 256
            """),
        ["minimax_m2"] = Sizes(200064, 3072, 1536, 62, 48, 196608, 8),
        ["ministral"] = Sizes(32000, 4096, 14336, 32, 32, 131072, 8),
        ["ministral3"] = Sizes(131072, 4096, 14336, 34, 32, 262144, 8, "\"head_dim\": 128"),
        ["mistral"] = Sizes(32000, 4096, 14336, 32, 32, 131072, 8),
        ["mistral4"] = Sizes(131072, 4096, 12288, 36, 32, 1048576, more: """
            "moe_intermediate_size": 2048, "n_routed_experts": 128, "n_shared_experts": 1, "num_experts_per_tok": 4,
            "kv_lora_rank": 256, "q_lora_rank": 1024, "qk_nope_head_dim": 64, "qk_rope_head_dim": 64,
            "v_head_dim": 128
            """),
        ["mixtral"] = Sizes(32000, 4096, 14336, 32, 32, 131072, 8),
        ["nanochat"] = Sizes(50304, 768, 8192, 12, 6, 2048),
        ["nemotron"] = Sizes(256000, 6144, 24576, 32, 48, 4096),
        ["olmo"] = Sizes(50304, 4096, 11008, 32, 32, 2048),
        ["olmo2"] = Sizes(50304, 4096, 11008, 32, 32, 2048),
        ["olmo3"] = Sizes(50304, 4096, 11008, 32, 32, 2048, more: "\"rope_theta\": 5e5"),
        ["olmoe"] = Sizes(50304, 2048, 2048, 16, 16, 4096),
        ["openai-gpt"] = Gpt(40478, 768, 12, 12, 512),
        ["opt"] = """
            {"vocab_size": 50272, "hidden_size": 768, "num_hidden_layers": 12, "ffn_dim": 3072,
             "max_position_embeddings": 2048, "num_attention_heads": 12}
            """,
        ["persimmon"] = Sizes(262144, 4096, 16384, 36, 64, 16384),
        ["phi"] = Sizes(51200, 2048, 8192, 24, 32, 2048),
        ["phi3"] = Sizes(32064, 3072, 8192, 32, 32, 4096, more: "\"original_max_position_embeddings\": 4096"),
        ["qwen2"] = Sizes(151936, 4096, 22016, 32, 32, 32768, 32),
        ["qwen2_5_omni"] = Sees.Qwen2Omni,
        ["qwen2_5_omni_text"] = Sees.Qwen2Omni,
        ["qwen2_5_omni_thinker"] = Sees.Qwen2Omni,
        ["qwen2_5_vl"] = Sees.Qwen2,
        ["qwen2_5_vl_text"] = Sees.Qwen2,
        ["qwen2_moe"] = Sizes(151936, 2048, 5632, 24, 16, 32768, 16, """
            "moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632
            """),
        ["qwen2_vl"] = Sees.Qwen2,
        ["qwen2_vl_text"] = Sees.Qwen2,
        ["qwen3"] = Sizes(151936, 4096, 22016, 32, 32, 32768, 32),
        ["qwen3_moe"] = Sizes(151936, 2048, 6144, 24, 32, 32768, 4, "\"moe_intermediate_size\": 768"),
        ["qwen3_omni_moe"] = Sees.Qwen3Omni,
        ["qwen3_omni_moe_text"] = Sees.Qwen3Omni,
        ["qwen3_omni_moe_thinker"] = Sees.Qwen3Omni,
        ["qwen3_vl"] = Sees.Qwen3,
        ["qwen3_vl_text"] = Sees.Qwen3,
        ["qwen3_vl_moe"] = Sees.Qwen3Moe,
        ["qwen3_vl_moe_text"] = Sees.Qwen3Moe,
        ["seed_oss"] = Sizes(155136, 4096, 27648, 64, 80, 524288, 8),
        ["smollm3"] = Sizes(128256, 2048, 11008, 36, 16, 32768, 4),
        ["solar_open"] = Sizes(196608, 4096, 10944, 48, 64, 131072, 8, """
            "moe_intermediate_size": 1280, "n_routed_experts": 128, "n_shared_experts": 1, "num_experts_per_tok": 8
            """),
        ["stablelm"] = Sizes(50304, 2560, 6912, 32, 32, 4096, 32),
        ["starcoder2"] = Sizes(49152, 3072, 12288, 30, 24, 4096, 2),
        ["vaultgemma"] = Sizes(256000, 2304, 9216, 26, 8, 8192, 4),
        ["xglm"] = """
            {"vocab_size": 256008, "max_position_embeddings": 2048, "d_model": 1024, "ffn_dim": 4096, "num_layers": 24,
             "attention_heads": 16}
            """,
        ["youtu"] = Sizes(128256, 2048, 6144, 32, 16, 131072, more: Latent),
    };

    /// <summary>A JSON object of what a family's file may leave out.</summary>
    /// <param name="modelType">Its <c>model_type</c>.</param>
    public static string Of(string modelType) => Families.GetValueOrDefault(modelType, "{}");

    private static string Sizes(
        int vocab, int hidden, int inner, int layers, int heads, int positions, int? kvHeads = null, string more = "")
    {
        var shared = kvHeads is { } count ? $""", "num_key_value_heads": {count}""" : "";
        return $$"""
            {"vocab_size": {{vocab}}, "hidden_size": {{hidden}}, "intermediate_size": {{inner}},
             "num_hidden_layers": {{layers}}, "num_attention_heads": {{heads}},
             "max_position_embeddings": {{positions}}{{shared}}{{(more.Length > 0 ? ", " : "")}}{{more}}}
            """;
    }

    private static string Gpt(int vocab, int hidden, int layers, int heads, int positions) => $$"""
        {"vocab_size": {{vocab}}, "n_embd": {{hidden}}, "n_layer": {{layers}}, "n_head": {{heads}},
         "n_positions": {{positions}}}
        """;

    /// <summary>Those of decoders that only stand inside models that also see.</summary>
    private static class Sees
    {
        public const string Qwen2 = """
            {"vocab_size": 152064, "hidden_size": 8192, "intermediate_size": 29568, "num_hidden_layers": 80,
             "num_attention_heads": 64, "num_key_value_heads": 8, "max_position_embeddings": 32768,
             "rms_norm_eps": 1e-5, "rope_theta": 1e6, "max_window_layers": 80}
            """;

        public const string Qwen2Omni = """
            {"vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
             "num_attention_heads": 28, "num_key_value_heads": 4, "max_position_embeddings": 32768,
             "rms_norm_eps": 1e-6, "rope_theta": 1e6, "sliding_window": 32768, "max_window_layers": 28}
            """;

        public const string Qwen3Omni = """
            {"vocab_size": 3584, "hidden_size": 2048, "intermediate_size": 18944, "num_hidden_layers": 28,
             "num_attention_heads": 28, "num_key_value_heads": 4, "max_position_embeddings": 32768,
             "rms_norm_eps": 1e-6, "rope_theta": 1e6, "moe_intermediate_size": 768, "num_experts": 128,
             "num_experts_per_tok": 8, "norm_topk_prob": true}
            """;

        public const string Qwen3 = """
            {"vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
             "num_attention_heads": 32, "num_key_value_heads": 32, "max_position_embeddings": 128000,
             "rope_theta": 5e6}
            """;

        public const string Qwen3Moe = """
            {"vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 24,
             "num_attention_heads": 16, "num_key_value_heads": 16, "max_position_embeddings": 128000,
             "rope_theta": 5e6, "moe_intermediate_size": 1408, "num_experts": 60, "num_experts_per_tok": 4,
             "norm_topk_prob": true}
            """;

        public const string Glm4 = """
            {"vocab_size": 151552, "hidden_size": 4096, "intermediate_size": 13696, "num_hidden_layers": 40,
             "num_attention_heads": 32, "num_key_value_heads": 2, "max_position_embeddings": 32768,
             "rms_norm_eps": 1e-5, "attention_bias": true}
            """;

        public const string Glm4Moe = """
            {"vocab_size": 151424, "hidden_size": 4096, "intermediate_size": 10944, "num_hidden_layers": 46,
             "num_attention_heads": 96, "num_key_value_heads": 8, "max_position_embeddings": 65536,
             "rms_norm_eps": 1e-5, "attention_bias": true, "moe_intermediate_size": 1408, "num_experts_per_tok": 8,
             "n_routed_experts": 128, "n_shared_experts": 1, "first_k_dense_replace": 1}
            """;
    }
}
