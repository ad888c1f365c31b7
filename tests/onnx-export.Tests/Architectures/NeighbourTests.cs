namespace Stip.Export.Tests.Architectures;

/// <summary>Families that put the same blocks together in other ways: that the protected model equals the plain one,
/// and that everything but rotary rows moves. Their plain graphs are compared elsewhere, with references of the same
/// families.</summary>
public sealed class NeighbourTests(ExportedModels models) : ScalarTests(models)
{
    private const string Llama = """
        "hidden_size": 48, "intermediate_size": 56, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 61, "max_position_embeddings": 32, "sliding_window": 4
        """;

    private const string Gpt = """
        "n_embd": 48, "n_layer": 2, "n_head": 4, "vocab_size": 61, "n_positions": 32
        """;

    [Theory]
    [InlineData("ArceeForCausalLM")]
    [InlineData("CohereForCausalLM", """{"use_qk_norm": true}""")]
    [InlineData("Cohere2ForCausalLM", """{"sliding_window_pattern": 2}""")]
    [InlineData("Ernie4_5ForCausalLM", """{"use_bias": true, "head_dim": 12}""")]
    [InlineData("GemmaForCausalLM", """{"head_dim": 16}""")]
    [InlineData("Gemma3ForCausalLM", """{"head_dim": 16, "sliding_window_pattern": 2}""")]
    [InlineData("GlmForCausalLM", """{"head_dim": 16, "attention_bias": true}""")]
    [InlineData("Glm4ForCausalLM", """{"head_dim": 16}""")]
    [InlineData("GPTNeoXForCausalLM", """{"rotary_pct": 0.5, "num_key_value_heads": 4}""")]
    [InlineData("GraniteForCausalLM", """{"residual_multiplier": 0.5, "embedding_multiplier": 12}""")]
    [InlineData("HeliumForCausalLM", """{"head_dim": 16}""")]
    [InlineData("InternLM2ForCausalLM")]
    [InlineData("NemotronForCausalLM")]
    [InlineData("OlmoForCausalLM", """{"clip_qkv": 0.1}""")]
    [InlineData("Olmo2ForCausalLM", """{"head_dim": 20}""")]
    [InlineData("Olmo3ForCausalLM")]
    [InlineData("OlmoeForCausalLM", """{"num_experts": 4, "num_experts_per_tok": 2}""")]
    [InlineData("PersimmonForCausalLM", """{"num_key_value_heads": 4}""")]
    [InlineData("PhiForCausalLM", """{"qk_layernorm": true}""")]
    [InlineData("Qwen2MoeForCausalLM", """
        {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24,
         "shared_expert_intermediate_size": 40, "mlp_only_layers": [0]}
        """)]
    [InlineData("Qwen3MoeForCausalLM", """
        {"head_dim": 16, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
        """)]
    [InlineData("SeedOssForCausalLM", """{"head_dim": 16}""")]
    [InlineData("SmolLM3ForCausalLM", """{"no_rope_layers": [1, 0]}""")]
    [InlineData("StableLmForCausalLM", """
        {"use_parallel_residual": true, "use_qkv_bias": true, "partial_rotary_factor": 0.5}
        """)]
    [InlineData("Starcoder2ForCausalLM")]
    public Task Protect_OfACousinOfLlama_MovesAllButRotaryRows(string architecture, string options = "{}") =>
        AssertProtectsAsync(Basis(architecture, Llama), options);

    [Theory]
    [InlineData("BloomForCausalLM", """{"hidden_size": 64}""")]
    [InlineData("CodeGenForCausalLM", """{"rotary_dim": 8}""")]
    [InlineData("FalconForCausalLM", """{"hidden_size": 64, "new_decoder_architecture": true, "num_kv_heads": 2}""")]
    [InlineData("FalconForCausalLM", """{"alibi": true, "multi_query": false, "parallel_attn": false, "bias": true}""")]
    [InlineData("FalconForCausalLM")]
    [InlineData("GPTBigCodeForCausalLM")]
    [InlineData("GPTJForCausalLM", """{"rotary_dim": 8}""")]
    [InlineData("GPTNeoForCausalLM", """{"window_size": 3}""")]
    [InlineData("MptForCausalLM", """{"attn_config": {"clip_qkv": 0.2}}""")]
    [InlineData("OPTForCausalLM", """{"ffn_dim": 56}""")]
    public Task Protect_OfACousinOfGpt_MovesAllButRotaryRows(string architecture, string options = "{}") =>
        AssertProtectsAsync(Basis(architecture, Gpt), options);

    private static string Basis(string architecture, string sizes) =>
        $$"""{"architectures": ["{{architecture}}"], {{sizes}}}""";
}
