using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Families whose feed-forward part is a router over experts.</summary>
internal static class GgufExpertFamilies
{
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
        WithItself(new("olmoe", "OlmoeForCausalLM", "olmoe")
        {
            Names = Names,
            Describe = model => model.CopyExperts("num_experts", "intermediate_size"),
        }),
        WithItself(GraniteMoe),
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

    private static GgufArchitecture WithItself(GgufArchitecture family) => family with { WithExperts = family };
}
