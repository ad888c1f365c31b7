using System.Text.Json.Nodes;
using Stip.Export.Blocks.Positions;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Llama's more distant kin, and the decoders of models that also see.</summary>
internal static class GgufLlamaVariants
{
    private const int LargeBaichuanLayers = 40;

    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        new("qwen2vl", "Qwen2ForCausalLM", "qwen2"),
        new("qwen3vl", "Qwen3ForCausalLM", "qwen3"),
        new("pangu-embedded", "LlamaForCausalLM", "llama"),
        new("baichuan", "BaichuanForCausalLM", "baichuan")
        {
            InterleavesRotary = true,

            // Files do not say that scores fall with distance: the number of layers tells the large one.
            Describe = model => model.Config["alibi"] = (int)model.Config["num_hidden_layers"]! == LargeBaichuanLayers,
        },
        new("mistral3", "LlamaForCausalLM", "llama") { InterleavesRotary = true, Describe = DescribeMistral },
        new("bitnet", "BitNetForCausalLM", "bitnet")
        {
            Names = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["self_attn.attn_sub_norm"] = "attn_sub_norm",
                ["mlp.ffn_sub_norm"] = "ffn_sub_norm",
            },
        },
        new("apertus", "ApertusForCausalLM", "apertus")
        {
            Activation = "xielu",
            Names = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["attention_layernorm"] = "attn_norm",
                ["feedforward_layernorm"] = "ffn_norm",
            },
            Numbers = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["mlp.act_fn.alpha_p"] = "xielu.alpha_p",
                ["mlp.act_fn.alpha_n"] = "xielu.alpha_n",
                ["mlp.act_fn.beta"] = "xielu.beta",
                ["mlp.act_fn.eps"] = "xielu.eps",
            },
        },
        new("openelm", "OpenELMForCausalLM", "openelm")
        {
            Layers = "transformer.layers",
            VariesByLayer = true,
            Names = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["transformer.token_embeddings"] = "token_embd",
                ["transformer.norm"] = "output_norm",
                ["attn_norm"] = "attn_norm",
                ["ffn_norm"] = "ffn_norm",
                ["attn.qkv_proj"] = "attn_qkv",
                ["attn.q_norm"] = "attn_q_norm",
                ["attn.k_norm"] = "attn_k_norm",
                ["attn.out_proj"] = "attn_output",
                ["ffn.gate_proj"] = "ffn_gate",
                ["ffn.up_proj"] = "ffn_up",
                ["ffn.proj_2"] = "ffn_down",
            },
            Describe = DescribeOpenElm,
        },
    ];

    // Queries that grow with their position make it a Ministral 3.
    private static void DescribeMistral(GgufDescription model)
    {
        var config = model.Config;
        if (config["rope_scaling"] is JsonObject yarn
            && model.Number("rope.scaling.yarn_log_multiplier") is > 0 and var multiplier)
        {
            // Deepseek's files hold a tenth of it under this key, these the number itself.
            (yarn["mscale"], yarn["mscale_all_dim"]) = (1, multiplier);
            if (yarn["attention_factor"] is { } given && yarn["factor"] is { } factor)
            {
                // A factor of its own stands for both of these; llama.cpp has it on top of their quotient.
                yarn["attention_factor"] = (double)given / YarnScaling.Attention((double)factor, multiplier);
            }
        }

        var growth = model.Number("attention.temperature_scale") ?? 0;
        if (growth <= 0)
        {
            return;
        }

        (config["architectures"], config["model_type"]) = (new JsonArray("Ministral3ForCausalLM"), "ministral3");
        var rope = config["rope_scaling"]?.DeepClone().AsObject() ?? new JsonObject { ["rope_type"] = "default" };
        rope["rope_theta"] = config["rope_theta"]!.DeepClone();
        rope["llama_4_scaling_beta"] = growth;
        rope["original_max_position_embeddings"] = model.Integer("attention.temperature_length")
            ?? model.Integer("rope.scaling.original_context_length") ?? (int)config["max_position_embeddings"]!;
        config["rope_parameters"] = rope;
    }

    private static void DescribeOpenElm(GgufDescription model)
    {
        var config = model.Config;
        var layers = (int)config["num_hidden_layers"]!;
        config["num_transformer_layers"] = layers;
        config["num_query_heads"] = model.Layers("attention.head_count", layers);
        config["num_kv_heads"] = model.Layers("attention.head_count_kv", layers);
        config["ffn_dims"] = model.Layers("feed_forward_length", layers);
        config["model_dim"] = (int)config["hidden_size"]!;
        config["max_context_length"] = (int)config["max_position_embeddings"]!;
        config["share_input_output_layers"] = (bool)config["tie_word_embeddings"]!;
        config["stores_gate_apart"] = true;
    }
}
