using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Families whose feed-forward part is a router over experts.</summary>
internal static class GgufExpertFamilies
{
    /// <summary>Key and field that count layers after the last, which guess tokens ahead.</summary>
    public const string Ahead = "nextn_predict_layers";

    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["mlp.gate"] = "ffn_gate_inp",
        ["mlp.experts.gate_proj"] = "ffn_gate_exps",
        ["mlp.experts.up_proj"] = "ffn_up_exps",
        ["mlp.experts.down_proj"] = "ffn_down_exps",
        ["mlp.shared_expert_gate"] = "ffn_gate_inp_shexp",
        ["mlp.shared_expert.gate_proj"] = "ffn_gate_shexp",
        ["mlp.shared_expert.up_proj"] = "ffn_up_shexp",
        ["mlp.shared_expert.down_proj"] = "ffn_down_shexp",
    };

    /// <summary>What a <c>llama</c> with experts is.</summary>
    public static GgufArchitecture Mixtral { get; } = new("llama", "MixtralForCausalLM", "mixtral")
    {
        InterleavesRotary = true,
        Names = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["block_sparse_moe.gate"] = "ffn_gate_inp",
            ["block_sparse_moe.experts.w1"] = "ffn_gate_exps",
            ["block_sparse_moe.experts.w3"] = "ffn_up_exps",
            ["block_sparse_moe.experts.w2"] = "ffn_down_exps",
        },
        Describe = model => model.CopyExperts("num_local_experts", "intermediate_size"),
    };

    /// <summary>What a <c>granitemoe</c> is, and a <c>granite</c> with experts.</summary>
    public static GgufArchitecture GraniteMoe { get; } = new("granitemoe", "GraniteMoeForCausalLM", "granitemoe")
    {
        InterleavesRotary = true,
        Names = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["block_sparse_moe.router.layer"] = "ffn_gate_inp",
            ["block_sparse_moe.experts.gate_proj"] = "ffn_gate_exps",
            ["block_sparse_moe.experts.up_proj"] = "ffn_up_exps",
            ["block_sparse_moe.experts.down_proj"] = "ffn_down_exps",
        },
        Describe = model =>
        {
            GgufFamilies.DescribeScales(model);
            model.CopyExperts("num_local_experts", "intermediate_size");
        },
    };

    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        WithItself(new("qwen2moe", "Qwen2MoeForCausalLM", "qwen2_moe")
        {
            Names = Names,
            Describe = model =>
            {
                model.CopyExperts("num_experts", "moe_intermediate_size");
                model.CopyInteger("expert_shared_feed_forward_length", "shared_expert_intermediate_size");
                model.Config["qkv_bias"] = model.Has("blk.0.attn_q.bias");
                model.Config["norm_topk_prob"] = false;
            },
        }),
        WithItself(new("qwen3moe", "Qwen3MoeForCausalLM", "qwen3_moe")
        {
            Names = Names,
            Describe = model =>
            {
                model.CopyExperts("num_experts", "moe_intermediate_size");
                model.Config["norm_topk_prob"] = true;
            },
        }),
        WithItself(new("qwen3vlmoe", "Qwen3MoeForCausalLM", "qwen3_moe")
        {
            Names = Names,
            Describe = model =>
            {
                model.CopyExperts("num_experts", "moe_intermediate_size");
                model.Config["norm_topk_prob"] = true;
            },
        }),
        WithItself(new("dbrx", "DbrxForCausalLM", "dbrx")
        {
            Layers = "transformer.blocks",
            Names = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["transformer.wte"] = "token_embd",
                ["transformer.norm_f"] = "output_norm",
                ["norm_attn_norm.norm_1"] = "attn_norm",
                ["norm_attn_norm.norm_2"] = "attn_output_norm",
                ["norm_attn_norm.attn.Wqkv"] = "attn_qkv",
                ["norm_attn_norm.attn.out_proj"] = "attn_output",
                ["ffn.router.layer"] = "ffn_gate_inp",
                ["ffn.experts.w1"] = "ffn_gate_exps",
                ["ffn.experts.v1"] = "ffn_up_exps",
                ["ffn.experts.w2"] = "ffn_down_exps",
            },
            Describe = DescribeDbrx,
        }),
        WithItself(new("olmoe", "OlmoeForCausalLM", "olmoe")
        {
            Names = Names,
            Describe = model => model.CopyExperts("num_experts", "intermediate_size"),
        }),
        WithItself(GraniteMoe),
        WithItself(new("minimax-m2", "MiniMaxM2ForCausalLM", "minimax_m2")
        {
            Names = new Dictionary<string, string>(Mixtral.Names, StringComparer.Ordinal)
            {
                ["block_sparse_moe.e_score_correction_bias"] = "exp_probs_b.bias",
            },
            Describe = model => model.CopyExperts("num_local_experts", "intermediate_size"),
        }),
        WithItself(new("ernie4_5-moe", "Ernie4_5_MoeForCausalLM", "ernie4_5_moe")
        {
            Names = new Dictionary<string, string>(Names, StringComparer.Ordinal)
            {
                ["mlp.moe_statics.e_score_correction_bias"] = "exp_probs_b.bias",
                ["mlp.shared_experts.gate_proj"] = "ffn_gate_shexp",
                ["mlp.shared_experts.up_proj"] = "ffn_up_shexp",
                ["mlp.shared_experts.down_proj"] = "ffn_down_shexp",
            },
            Describe = model =>
            {
                model.CopyExperts("moe_num_experts", "moe_intermediate_size");
                model.CopyInteger("expert_used_count", "moe_k");
                model.CopyInteger("leading_dense_block_count", "moe_layer_start_index");
                model.CopyInteger("interleave_moe_layer_step", "moe_layer_interval");
                model.Config["moe_num_shared_experts"] = (model.Integer("expert_shared_feed_forward_length") ?? 0)
                    / (int)model.Config["moe_intermediate_size"]!;
            },
        }),
        WithItself(HunYuan("hunyuan-moe", "HunYuanMoEV1ForCausalLM", "hunyuan_v1_moe") with
        {
            Describe = model =>
            {
                model.Config["num_experts"] = model.Required("expert_count");
                model.Config["moe_topk"] = model.Required("expert_used_count");
            },
        }),
        HunYuan("hunyuan-dense", "HunYuanDenseV1ForCausalLM", "hunyuan_v1_dense"),
        WithItself(new("llama4", "Llama4ForCausalLM", "llama4_text")
        {
            Names = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["feed_forward.gate_proj"] = "ffn_gate",
                ["feed_forward.up_proj"] = "ffn_up",
                ["feed_forward.down_proj"] = "ffn_down",
                ["feed_forward.router"] = "ffn_gate_inp",
                ["feed_forward.experts.gate_proj"] = "ffn_gate_exps",
                ["feed_forward.experts.up_proj"] = "ffn_up_exps",
                ["feed_forward.experts.down_proj"] = "ffn_down_exps",
                ["feed_forward.shared_expert.gate_proj"] = "ffn_gate_shexp",
                ["feed_forward.shared_expert.up_proj"] = "ffn_up_shexp",
                ["feed_forward.shared_expert.down_proj"] = "ffn_down_shexp",
            },
            Describe = DescribeLlama4,
        }),
        WithItself(new("gpt-oss", "GptOssForCausalLM", "gpt_oss")
        {
            Names = new Dictionary<string, string>(Names, StringComparer.Ordinal)
            {
                ["post_attention_layernorm"] = "post_attention_norm",
                ["self_attn.sinks"] = "attn_sinks.weight",
                ["mlp.router"] = "ffn_gate_inp",
            },
            Describe = model =>
            {
                model.CopyExperts("num_local_experts", "intermediate_size");
                if (model.Config["rope_scaling"] is JsonObject scaling)
                {
                    scaling["truncate"] = false;
                }
            },
        }),
    ];

    private static void DescribeDbrx(GgufDescription model)
    {
        model.CopyExperts("moe_num_experts", "ffn_hidden_size");
        var config = model.Config;
        config["attn_config"] = new JsonObject
        {
            ["kv_n_heads"] = (int)config["num_key_value_heads"]!,
            ["rope_theta"] = (double)config["rope_theta"]!,
            ["clip_qkv"] = model.Number("attention.clamp_kqv") is > 0 and var clip ? clip : null,
        };
        config["ffn_config"] = new JsonObject
        {
            ["moe_num_experts"] = (int)config["moe_num_experts"]!,
            ["moe_top_k"] = (int)config["num_experts_per_tok"]!,
            ["ffn_hidden_size"] = (int)config["ffn_hidden_size"]!,
            ["stores_experts_apart"] = true,
        };
    }

    // What files do not say: the chunk, and that the one with 128 experts does not norm its heads.
    private static void DescribeLlama4(GgufDescription model)
    {
        if (model.Integer("expert_count") is not > 0)
        {
            // Which of its layers know no positions no file says.
            throw model.Metadata.Refused("llama4.expert_count is 0 or absent: a model of Llama 4's architecture "
                + "without experts (MobileLLM-R1) is exported of its folder");
        }

        model.CopyExperts("num_local_experts", "intermediate_size");
        model.CopyInteger("feed_forward_length", "intermediate_size_mlp");
        model.CopyInteger("interleave_moe_layer_step", "interleave_moe_layer_step");
        model.Config["attention_chunk_size"] = 8192;
        model.Config["use_qk_norm"] = model.Required("expert_count") != 128;
    }

    private static GgufArchitecture HunYuan(string name, string huggingFaceName, string modelType) =>
        new(name, huggingFaceName, modelType)
        {
            Names = new Dictionary<string, string>(Names, StringComparer.Ordinal)
            {
                ["self_attn.query_layernorm"] = "attn_q_norm",
                ["self_attn.key_layernorm"] = "attn_k_norm",
                ["mlp.gate.wg"] = "ffn_gate_inp",
                ["mlp.shared_mlp.gate_proj"] = "ffn_gate_shexp",
                ["mlp.shared_mlp.up_proj"] = "ffn_up_shexp",
                ["mlp.shared_mlp.down_proj"] = "ffn_down_shexp",
            },
        };

    private static GgufArchitecture WithItself(GgufArchitecture family) => family with { WithExperts = family };
}
