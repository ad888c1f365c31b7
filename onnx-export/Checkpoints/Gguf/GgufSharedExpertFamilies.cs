using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>DeepSeek and its kin: experts beside one that every row goes through, in all but the first
/// layers.</summary>
internal static class GgufSharedExpertFamilies
{
    private const int Sigmoid = 2;

    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["mlp.gate"] = "ffn_gate_inp",
        ["mlp.gate.e_score_correction_bias"] = "exp_probs_b.bias",
        ["mlp.experts.gate_proj"] = "ffn_gate_exps",
        ["mlp.experts.up_proj"] = "ffn_up_exps",
        ["mlp.experts.down_proj"] = "ffn_down_exps",
        ["mlp.shared_experts.gate_proj"] = "ffn_gate_shexp",
        ["mlp.shared_experts.up_proj"] = "ffn_up_shexp",
        ["mlp.shared_experts.down_proj"] = "ffn_down_shexp",
    };

    private static readonly Dictionary<string, string> Latent = new(StringComparer.Ordinal)
    {
        ["self_attn.q_a_proj"] = "attn_q_a",
        ["self_attn.q_a_layernorm"] = "attn_q_a_norm",
        ["self_attn.q_b_proj"] = "attn_q_b",
        ["self_attn.kv_a_proj_with_mqa"] = "attn_kv_a_mqa",
        ["self_attn.kv_a_layernorm"] = "attn_kv_a_norm",
        ["self_attn.kv_b_proj"] = "attn_kv_b",
    };

    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        WithItself(new("deepseek", "DeepseekForCausalLM", "deepseek")
        {
            InterleavesRotary = true,
            Names = Names,
            Describe = DescribeExperts,
        }),
        WithItself(new("bailingmoe", "DeepseekForCausalLM", "deepseek")
        {
            InterleavesRotary = true,
            Names = Names,
            Describe = DescribeExperts,
        }),
        WithItself(new("deepseek2", "DeepseekV2ForCausalLM", "deepseek_v2")
        {
            IsLatent = true,
            Names = With(Names, Latent),
            Describe = model =>
            {
                DescribeLatent(model);
                DescribeExperts(model);
                DescribeYarn(model);
                DescribeGrowth(model);
                if (model.Integer("expert_gating_func") == Sigmoid)
                {
                    (model.Config["architectures"], model.Config["model_type"]) =
                        (new JsonArray("DeepseekV3ForCausalLM"), "deepseek_v3");
                }
                else if (model.Integer("expert_group_count") is > 1)
                {
                    model.Config["topk_method"] = "group_limited_greedy";
                }
            },
        }),
        new("minicpm3", "MiniCPM3ForCausalLM", "minicpm3")
        {
            IsLatent = true,
            Names = Latent,
            Describe = model =>
            {
                DescribeLatent(model);

                // Files do not carry the factors; these are those of the only model.
                model.Config["scale_emb"] = 12;
                model.Config["scale_depth"] = 1.4;
                model.Config["dim_model_base"] = 256;
            },
        },
        WithItself(new("dots1", "Dots1ForCausalLM", "dots1")
        {
            Names = Names,
            Describe = model =>
            {
                DescribeExperts(model);
                model.Config["sliding_window"] = null;
            },
        }),
        WithItself(new("glm4moe", "Glm4MoeForCausalLM", "glm4_moe")
        {
            Names = With(Names, new() { ["post_attention_layernorm"] = "post_attention_norm" }),
            Describe = model =>
            {
                DescribeExperts(model);
                model.Config["use_qk_norm"] = model.Has("blk.0.attn_q_norm.weight");
            },
        }),
        WithItself(new("afmoe", "AfmoeForCausalLM", "afmoe")
        {
            Names = With(Names, new()
            {
                ["post_attention_layernorm"] = "post_attention_norm",
                ["pre_mlp_layernorm"] = "ffn_norm",
                ["post_mlp_layernorm"] = "post_ffw_norm",
                ["self_attn.gate_proj"] = "attn_gate",
                ["mlp.router.gate"] = "ffn_gate_inp",
                ["mlp.expert_bias"] = "exp_probs_b.bias",
            }),
            Describe = model =>
            {
                DescribeExperts(model);
                var config = model.Config;
                config["num_dense_layers"] = config["first_k_dense_replace"]!.DeepClone();
                config["route_scale"] = config["routed_scaling_factor"]!.DeepClone();
                config["route_norm"] = config["norm_topk_prob"]!.DeepClone();
                config["mup_enabled"] = true;
            },
        }),
        WithItself(new("bailingmoe2", "BailingMoeV2ForCausalLM", "bailing_moe_v2")
        {
            Names = With(Names, new()
            {
                ["model.word_embeddings"] = "token_embd",
                ["attention.query_key_value"] = "attn_qkv",
                ["attention.dense"] = "attn_output",
                ["attention.query_layernorm"] = "attn_q_norm",
                ["attention.key_layernorm"] = "attn_k_norm",
                ["mlp.gate.expert_bias"] = "exp_probs_b.bias",
            }),
            Describe = DescribeExperts,
        }),
    ];

    /// <summary>How experts are counted, chosen and weighed.</summary>
    private static void DescribeExperts(GgufDescription model)
    {
        if (model.Integer("expert_count") is not > 0)
        {
            return;
        }

        var config = model.Config;
        model.CopyExperts("n_routed_experts", "moe_intermediate_size");
        config["n_shared_experts"] = model.Integer("expert_shared_count") ?? 0;
        config["first_k_dense_replace"] = model.Integer("leading_dense_block_count") ?? 0;
        config["routed_scaling_factor"] = model.Number("expert_weights_scale") is > 0 and var factor ? factor : 1;
        config["norm_topk_prob"] = model.Flag("expert_weights_norm") ?? false;
        model.CopyInteger("expert_group_count", "n_group");
        model.CopyInteger("expert_group_used_count", "topk_group");

        // Layers that guess ahead are counted with the others.
        if (model.Integer(GgufExpertFamilies.Ahead) is > 0 and var ahead)
        {
            config[GgufExpertFamilies.Ahead] = ahead;
            config["num_hidden_layers"] = (int)config["num_hidden_layers"]! - ahead;
        }
    }

    private static void DescribeLatent(GgufDescription model)
    {
        var (config, turned) = (model.Config, model.Required("rope.dimension_count"));
        config["kv_lora_rank"] = model.Required("attention.kv_lora_rank");
        config["q_lora_rank"] = model.Integer("attention.q_lora_rank") is > 0 and var rank ? rank : null;
        config["qk_rope_head_dim"] = turned;
        config["qk_nope_head_dim"] = (int)config["head_dim"]! - turned;
        config["v_head_dim"] = model.Integer("attention.value_length_mla") ?? model.Integer("attention.value_length")
            ?? (int)config["hidden_size"]! / (int)config["num_attention_heads"]!;
        config["num_key_value_heads"] = (int)config["num_attention_heads"]!;
    }

    // The factor on scores stands as what a tenth of it is times the logarithm.
    private static void DescribeYarn(GgufDescription model)
    {
        if (model.Number("rope.scaling.yarn_log_multiplier") is not (> 0 and var multiplier)
            || model.Config["rope_scaling"] is not JsonObject yarn)
        {
            return;
        }

        if (yarn.ContainsKey("attention_factor"))
        {
            throw model.Metadata.Refused(FormattableString.Invariant(
                $"rope.scaling.attn_factor is {(float?)model.Number("rope.scaling.attn_factor"):R} beside a ")
                + "yarn_log_multiplier, which is not supported; it must be 1 or absent");
        }

        (yarn["mscale"], yarn["mscale_all_dim"]) = (multiplier * 10, multiplier * 10);
    }

    // Mistral Large 3 goes by this name: its queries grow with their position.
    private static void DescribeGrowth(GgufDescription model)
    {
        if (model.Number("attention.temperature_scale") is not (> 0 and var growth))
        {
            return;
        }

        var original = model.Integer("rope.scaling.original_context_length");
        var step = model.Integer("attention.temperature_length") is > 0 and var length
            ? length
            : original ?? (int)model.Config["max_position_embeddings"]!;
        if (model.Config["rope_scaling"] is not JsonObject rope)
        {
            model.Config["rope_scaling"] = rope = new JsonObject { ["rope_type"] = "default" };
        }
        else if (original is not null && step != original)
        {
            throw model.Metadata.Refused($"attention.temperature_length is {step}; it must be "
                + $"rope.scaling.original_context_length, {original}");
        }

        rope["llama_4_scaling_beta"] = growth;
        rope["original_max_position_embeddings"] = step;
    }

    private static Dictionary<string, string> With(
        Dictionary<string, string> names, Dictionary<string, string> others) =>
        new(names.Concat(others), StringComparer.Ordinal);

    private static GgufArchitecture WithItself(GgufArchitecture family) => family with { WithExperts = family };
}
