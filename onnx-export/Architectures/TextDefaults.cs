using Stip.Export.Checkpoints;

namespace Stip.Export.Architectures;

/// <summary>What the configuration of a decoder inside a larger model leaves out: files of such models hold only what
/// differs from the values that transformers gives a decoder of that kind.</summary>
internal static class TextDefaults
{
    private const string Llama = """
        {"model_type": "llama", "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008,
         "num_hidden_layers": 32, "num_attention_heads": 32, "max_position_embeddings": 2048}
        """;

    private const string Mistral = """
        {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
         "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 131072}
        """;

    private const string Qwen2 = """
        {"vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
         "num_attention_heads": 32, "num_key_value_heads": 32, "max_position_embeddings": 32768}
        """;

    private const string Qwen2Sees = """
        {"vocab_size": 152064, "hidden_size": 8192, "intermediate_size": 29568, "num_hidden_layers": 80,
         "num_attention_heads": 64, "num_key_value_heads": 8, "max_position_embeddings": 32768,
         "rms_norm_eps": 1e-5, "rope_theta": 1e6, "max_window_layers": 80}
        """;

    private const string Qwen3Sees = """
        {"vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
         "num_attention_heads": 32, "num_key_value_heads": 32, "max_position_embeddings": 128000, "rope_theta": 5e6}
        """;

    private const string Qwen3MoeSees = """
        {"vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 24,
         "num_attention_heads": 16, "num_key_value_heads": 16, "max_position_embeddings": 128000, "rope_theta": 5e6,
         "moe_intermediate_size": 1408, "num_experts": 60, "num_experts_per_tok": 4, "norm_topk_prob": true}
        """;

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

    private const string Glm4Sees = """
        {"vocab_size": 151552, "hidden_size": 4096, "intermediate_size": 13696, "num_hidden_layers": 40,
         "num_attention_heads": 32, "num_key_value_heads": 2, "max_position_embeddings": 32768,
         "rms_norm_eps": 1e-5, "attention_bias": true}
        """;

    private const string Glm4MoeSees = """
        {"vocab_size": 151424, "hidden_size": 4096, "intermediate_size": 10944, "num_hidden_layers": 46,
         "num_attention_heads": 96, "num_key_value_heads": 8, "max_position_embeddings": 65536,
         "rms_norm_eps": 1e-5, "attention_bias": true, "moe_intermediate_size": 1408, "num_experts_per_tok": 8,
         "n_routed_experts": 128, "n_shared_experts": 1, "first_k_dense_replace": 1}
        """;

    private const string Persimmon = """
        {"vocab_size": 262144, "hidden_size": 4096, "intermediate_size": 16384, "num_hidden_layers": 36,
         "num_attention_heads": 64, "max_position_embeddings": 16384}
        """;

    /// <summary>The configuration of the decoder inside a larger model, with what it leaves out.</summary>
    /// <param name="text">What the file says of it.</param>
    /// <param name="kind">Its <c>model_type</c> where the file does not say.</param>
    /// <param name="hasHead">True where the checkpoint has a language head of its own.</param>
    public static ConfigJson Complete(ConfigJson text, string kind, bool hasHead)
    {
        var complete = text.WithDefaults(Of(text.Text("model_type") ?? kind));

        // Two flags may say it, of the whole and of the part, and differ; what is stored does not.
        return complete.With(hasHead ? """{"tie_word_embeddings": false}""" : """{"tie_word_embeddings": true}""");
    }

    private static string Of(string modelType) => modelType switch
    {
        "llama" => Llama,
        "mistral" => Mistral,
        "qwen2" or "qwen3" => Qwen2,
        "qwen2_vl" or "qwen2_vl_text" or "qwen2_5_vl" or "qwen2_5_vl_text" => Qwen2Sees,
        "qwen3_vl" or "qwen3_vl_text" => Qwen3Sees,
        "qwen3_vl_moe" or "qwen3_vl_moe_text" => Qwen3MoeSees,
        "gemma3" or "gemma3_text" => Gemma3,
        "llama4" or "llama4_text" => Llama4,
        "glm4v" or "glm4v_text" => Glm4Sees,
        "glm4v_moe" or "glm4v_moe_text" => Glm4MoeSees,
        "fuyu" or "persimmon" => Persimmon,
        _ => "{}",
    };
}
