using Stip.Export.Checkpoints;

namespace Stip.Export.Tests.Architectures;

/// <summary>Llama and the families that change one part of it: sizes and options that no reference checkpoint
/// has.</summary>
public sealed class LlamaTests(ExportedModels models) : ScalarTests(models)
{
    private const string Sizes = """
        "hidden_size": 64, "intermediate_size": 88, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 61, "max_position_embeddings": 32, "rms_norm_eps": 1e-6
        """;

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"head_dim": 12, "attention_bias": true}""")]
    [InlineData("""{"head_dim": 20, "mlp_bias": true, "tie_word_embeddings": true}""")]
    [InlineData("""{"head_dim": 6, "num_key_value_heads": 1}""")]
    [InlineData("""{"head_dim": 24, "num_key_value_heads": 4, "torch_dtype": "float16"}""")]
    [InlineData(
        """{"head_dim": 32, "rope_theta": 500.0, "dtype": "bfloat16", "attention_bias": true, "mlp_bias": true}""")]
    [InlineData("""{"rope_parameters": {"rope_theta": 300.0, "rope_type": "default"}}""")]
    public Task Llama_OfAnyShape_EqualsTheScalarModel(string options) => AssertEqualAsync(
        Basis("LlamaForCausalLM"), options, (config, tensors, ids) => new ScalarLlama(config, tensors).Logits(ids));

    [Theory]
    [InlineData("""{"sliding_window": 4}""", 4)]
    [InlineData("""{"sliding_window": 3, "head_dim": 12}""", 3)]
    [InlineData("""{"sliding_window": null}""", int.MaxValue)]
    public Task Mistral_WithOrWithoutWindow_EqualsTheScalarModel(string options, int window) => AssertEqualAsync(
        Basis("MistralForCausalLM"), options, (config, tensors, ids) => new ScalarLlama(config, tensors)
        {
            Attention = _ => Rotary(config) with { Window = window },
        }.Logits(ids));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"use_sliding_window": true, "sliding_window": 3, "max_window_layers": 1}""")]
    [InlineData("""
        {"use_sliding_window": true, "sliding_window": 3, "layer_types": ["full_attention", "sliding_attention"]}
        """)]
    public Task Qwen2_WithBiasesAndUpperWindows_EqualsTheScalarModel(string options) => AssertEqualAsync(
        Basis("Qwen2ForCausalLM"), options, (config, tensors, ids) => new ScalarLlama(config, tensors)
        {
            HasQkvBias = true,
            Attention = layer => Rotary(config) with
            {
                Window = layer == 1 && config.Flag("use_sliding_window") ? 3 : int.MaxValue,
            },
        }.Logits(ids));

    [Theory]
    [InlineData("""{"head_dim": 32, "tie_word_embeddings": true}""")]
    [InlineData("""{"head_dim": 12, "attention_bias": true}""")]
    [InlineData("""{"head_dim": 24}""")]
    public Task Qwen3_WithNormedHeads_EqualsTheScalarModel(string options) => AssertEqualAsync(
        Basis("Qwen3ForCausalLM"), options, (config, tensors, ids) => Qwen3(config, tensors).Logits(ids));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"partial_rotary_factor": 0.5, "sliding_window": 5}""")]
    [InlineData("""{"num_attention_heads": 2, "num_key_value_heads": 1, "partial_rotary_factor": 0.5}""")]
    public Task Phi3_WithFusedProjections_EqualsTheScalarModel(string options) => AssertEqualAsync(
        Basis("Phi3ForCausalLM"), options, (config, tensors, ids) =>
        {
            var share = config.Number("partial_rotary_factor") ?? 1;
            return Phi3(config, tensors, config.Attention with
            {
                Window = config.Int("sliding_window") ?? int.MaxValue,
                Frequencies = ScalarAttention.Powers(config.Theta, (int)(config.Dim * share)),
            }).Logits(ids);
        });

    // 8 tokens are those of the training; a longer sequence is turned by the other factors, all of it.
    [Theory]
    [InlineData(8, 1.25)]
    [InlineData(11, 4.0)]
    public Task Phi3_WithLongRope_TurnsLongSequencesByTheirOwnFactors(int tokens, double factor) => AssertEqualAsync(
        Basis("Phi3ForCausalLM"),
        """
        {"original_max_position_embeddings": 8, "rope_scaling": {"type": "longrope",
         "short_factor": [1.25, 1.25, 1.25, 1.25, 1.25, 1.25, 1.25, 1.25], "long_factor": [4, 4, 4, 4, 4, 4, 4, 4]}}
        """,
        (config, tensors, ids) => Phi3(config, tensors, config.Attention with
        {
            Frequencies = [.. ScalarAttention.Powers(10000, 16).Select(frequency => frequency / factor)],
            Magnitude = Math.Sqrt(1 + (Math.Log(4) / Math.Log(8))),
        }).Logits(ids),
        tokens,
        stepwise: tokens == 8);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"num_experts_per_tok": 1, "sliding_window": 4}""")]
    public Task Mixtral_WithAnyNumberOfExperts_EqualsTheScalarModel(string options) => AssertEqualAsync(
        Mixtral, options, (config, tensors, ids) =>
        {
            var chosen = config.Int("num_experts_per_tok")!.Value;
            ScalarLlama model = null!;
            model = new ScalarLlama(config, tensors)
            {
                // Its base where the file has none, as in transformers.
                Attention = _ => config.Attention with
                {
                    Frequencies = ScalarAttention.Powers(1e6, config.Dim),
                    Window = config.Int("sliding_window") ?? int.MaxValue,
                },
                FeedForward = (name, x) => model.Experts(
                    $"{name}.block_sparse_moe", x, experts: 5, chosen, config.Inner, normalizes: true),
            };
            return model.Logits(ids);
        });

    [Theory]
    [InlineData("MistralForCausalLM", """{"sliding_window": 4, "head_dim": 12}""")]
    [InlineData("Qwen2ForCausalLM", "{}")]
    [InlineData("Qwen3ForCausalLM", """{"head_dim": 20}""")]
    [InlineData("Phi3ForCausalLM", """{"partial_rotary_factor": 0.5}""")]
    [InlineData("Phi3ForCausalLM", """
        {"original_max_position_embeddings": 8, "rope_scaling": {"type": "su",
         "short_factor": [1, 2, 3, 4, 5, 6, 7, 8], "long_factor": [9, 10, 11, 12, 13, 14, 15, 16]}}
        """)]
    [InlineData("MixtralForCausalLM", """{"num_local_experts": 4, "num_experts_per_tok": 2}""")]
    public Task Protect_OfEveryKindOfLlama_MovesAllButRotaryRows(string architecture, string options) =>
        AssertProtectsAsync(Basis(architecture), options);

    private static string Mixtral =>
        $$"""{"architectures": ["MixtralForCausalLM"], "num_local_experts": 5, "num_experts_per_tok": 2, {{Sizes}}}""";

    private static string Basis(string architecture) => $$"""{"architectures": ["{{architecture}}"], {{Sizes}}}""";

    private static ScalarAttention Rotary(ScalarConfig config) => config.Attention with
    {
        Frequencies = ScalarAttention.Powers(config.Theta, config.Dim),
    };

    private static ScalarLlama Qwen3(ScalarConfig config, ITensorStore tensors)
    {
        ScalarLlama model = null!;
        model = new ScalarLlama(config, tensors)
        {
            Project = (name, x) =>
            {
                var (query, key, value) = model.Apart(name, x);
                return (
                    model.Blocks.RmsOfHeads(query, $"{name}.q_norm", config.Dim, ScalarLlama.Epsilon),
                    model.Blocks.RmsOfHeads(key, $"{name}.k_norm", config.Dim, ScalarLlama.Epsilon),
                    value);
            },
        };
        return model;
    }

    private static ScalarLlama Phi3(ScalarConfig config, ITensorStore tensors, ScalarAttention attention)
    {
        ScalarLlama model = null!;
        model = new ScalarLlama(config, tensors)
        {
            Attention = _ => attention,
            Project = (name, x) =>
            {
                var (q, kv) = (config.Heads * config.Dim, config.KvHeads * config.Dim);
                var packed = model.Blocks.Linear(x, $"{name}.qkv_proj", q + (2 * kv));
                return (packed[..q], packed[q..(q + kv)], packed[(q + kv)..]);
            },
            FeedForward = (name, x) =>
            {
                var both = model.Blocks.Linear(x, $"{name}.mlp.gate_up_proj", 2 * config.Inner);
                double[] active = [.. both[..config.Inner].Zip(
                    both[config.Inner..], (gate, up) => ScalarFunctions.Silu(gate) * up)];
                return model.Blocks.Linear(active, $"{name}.mlp.down_proj", config.Hidden);
            },
        };
        return model;
    }
}
