using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Families with LayerNorm and names of their own.</summary>
internal static class GgufGptFamilies
{
    private static readonly Dictionary<string, string> Gpt2Names = new(StringComparer.Ordinal)
    {
        ["transformer.wte"] = "token_embd",
        ["transformer.wpe"] = "position_embd",
        ["transformer.ln_f"] = "output_norm",
        ["ln_1"] = "attn_norm",
        ["ln_2"] = "ffn_norm",
        ["attn.c_attn"] = "attn_qkv",
        ["attn.c_proj"] = "attn_output",
        ["mlp.c_fc"] = "ffn_up",
        ["mlp.c_proj"] = "ffn_down",
    };

    private static readonly Dictionary<string, string> QwenNames = new(StringComparer.Ordinal)
    {
        ["transformer.wte"] = "token_embd",
        ["transformer.ln_f"] = "output_norm",
        ["ln_1"] = "attn_norm",
        ["ln_2"] = "ffn_norm",
        ["attn.c_attn"] = "attn_qkv",
        ["attn.c_proj"] = "attn_output",
        ["mlp.w2"] = "ffn_gate",
        ["mlp.w1"] = "ffn_up",
        ["mlp.c_proj"] = "ffn_down",
    };

    private static readonly Dictionary<string, string> JaisNames = new(Gpt2Names, StringComparer.Ordinal)
    {
        ["mlp.c_fc2"] = "ffn_gate",
    };

    private static readonly Dictionary<string, string> BloomNames = new(StringComparer.Ordinal)
    {
        ["transformer.word_embeddings"] = "token_embd",
        ["transformer.word_embeddings_layernorm"] = "token_embd_norm",
        ["transformer.ln_f"] = "output_norm",
        ["ln_mlp"] = "attn_norm",
        ["ln_attn"] = "attn_norm_2",
        ["self_attention.query_key_value"] = "attn_qkv",
        ["self_attention.dense"] = "attn_output",
        ["mlp.dense_h_to_4h"] = "ffn_up",
        ["mlp.dense_4h_to_h"] = "ffn_down",
    };

    private static readonly Dictionary<string, string> NeoXNames = new(StringComparer.Ordinal)
    {
        ["gpt_neox.embed_in"] = "token_embd",
        ["gpt_neox.final_layer_norm"] = "output_norm",
        ["embed_out"] = "output",
        ["attention.query_key_value"] = "attn_qkv",
        ["attention.dense"] = "attn_output",
        ["mlp.dense_h_to_4h"] = "ffn_up",
        ["mlp.dense_4h_to_h"] = "ffn_down",
    };

    private static readonly Dictionary<string, string> MptNames = new(StringComparer.Ordinal)
    {
        ["transformer.wte"] = "token_embd",
        ["transformer.norm_f"] = "output_norm",
        ["norm_1"] = "attn_norm",
        ["norm_2"] = "ffn_norm",
        ["attn.Wqkv"] = "attn_qkv",
        ["attn.out_proj"] = "attn_output",
        ["ffn.up_proj"] = "ffn_up",
        ["ffn.down_proj"] = "ffn_down",
    };

    private static readonly Dictionary<string, string> PhiNames = new(StringComparer.Ordinal)
    {
        ["model.final_layernorm"] = "output_norm",
        ["self_attn.dense"] = "attn_output",
        ["mlp.fc1"] = "ffn_up",
        ["mlp.fc2"] = "ffn_down",
    };

    private static readonly Dictionary<string, string> StarCoder2Names = new(StringComparer.Ordinal)
    {
        ["mlp.c_fc"] = "ffn_up",
        ["mlp.c_proj"] = "ffn_down",
    };

    private static readonly Dictionary<string, string> StableLmNames = new(StringComparer.Ordinal)
    {
        ["self_attn.q_layernorm"] = "attn_q_norm",
        ["self_attn.k_layernorm"] = "attn_k_norm",
    };

    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        new("qwen", "QWenLMHeadModel", "qwen")
        {
            Layers = "transformer.h",
            Names = QwenNames,
            Describe = model => model.Copy("attention.layer_norm_rms_epsilon", "layer_norm_epsilon"),
        },
        new("gpt2", "GPT2LMHeadModel", "gpt2")
        {
            Layers = "transformer.h",
            Names = Gpt2Names,
            Activation = "gelu_new",
            Describe = model =>
            {
                // Converters turn the matrices of Conv1D round.
                model.Config["stores_outputs_first"] = true;
                model.Config["n_inner"] = model.Required("feed_forward_length");
            },
        },
        new("jais", "JAISLMHeadModel", "jais")
        {
            Layers = "transformer.h",
            Names = JaisNames,
            Describe = model =>
            {
                // Files hold tables that are multiplied already.
                model.Config["stores_outputs_first"] = true;
                model.Config["n_inner"] = model.Required("feed_forward_length");
                model.Config["mup_scale_qk_dot_by_d"] = true;
                model.Copy("attention.max_alibi_bias", "alibi_bias_max");
            },
        },
        new("starcoder", "GPTBigCodeForCausalLM", "gpt_bigcode")
        {
            Layers = "transformer.h",
            Names = Gpt2Names,
            Describe = model =>
            {
                model.Config["multi_query"] = (int)model.Config["num_key_value_heads"]! == 1;
                model.Config["n_inner"] = model.Required("feed_forward_length");
            },
        },
        new("starcoder2", "Starcoder2ForCausalLM", "starcoder2")
        {
            Names = StarCoder2Names,
            Activation = "gelu_pytorch_tanh",
            Describe = model => model.Config["use_bias"] = model.Has("blk.0.attn_q.bias"),
        },
        new("gptneox", "GPTNeoXForCausalLM", "gpt_neox")
        {
            Layers = "gpt_neox.layers",
            Names = NeoXNames,
            OrdersHeads = true,
            Activation = "gelu",
            Describe = model => model.Config["use_parallel_residual"] =
                model.Metadata.Flag("gptneox.use_parallel_residual") ?? true,
        },
        new("bloom", "BloomForCausalLM", "bloom")
        {
            Layers = "transformer.h",
            Names = BloomNames,
            OrdersHeads = true,
        },
        new("falcon", "FalconForCausalLM", "falcon")
        {
            Layers = "transformer.h",
            Names = BloomNames,
            OrdersHeads = true,
            Describe = DescribeFalcon,
        },
        new("mpt", "MptForCausalLM", "mpt") { Layers = "transformer.blocks", Names = MptNames, Describe = DescribeMpt },
        new("phi2", "PhiForCausalLM", "phi") { Names = PhiNames, Activation = "gelu_new" },
        new("stablelm", "StableLmForCausalLM", "stablelm")
        {
            Names = StableLmNames,
            Describe = model =>
            {
                model.Config["use_parallel_residual"] = !model.Has("blk.0.ffn_norm.weight");
                model.Config["use_qkv_bias"] = model.Has("blk.0.attn_q.bias");
                model.Config["qk_layernorm"] = model.Has("blk.0.attn_q_norm.weight");
            },
        },
        new("nemotron", "NemotronForCausalLM", "nemotron") { NormOffset = 1, Activation = "relu2" },
        new("jais2", "Jais2ForCausalLM", "jais2") { Activation = "relu2" },
    ];

    private static void DescribeFalcon(GgufDescription model)
    {
        var config = model.Config;
        var kvHeads = (int)config["num_key_value_heads"]!;
        config["new_decoder_architecture"] = kvHeads > 1;
        config["num_kv_heads"] = kvHeads;
        config["num_ln_in_parallel_attn"] = model.Has("blk.0.attn_norm_2.weight") ? 2 : 1;
        config["ffn_hidden_size"] = model.Required("feed_forward_length");
        config["bias"] = model.Has("blk.0.attn_qkv.bias");
    }

    private static void DescribeMpt(GgufDescription model)
    {
        var rules = new JsonObject();
        if (model.Number("attention.max_alibi_bias") is { } exponent)
        {
            rules["alibi_bias_max"] = exponent;
        }

        if (model.Number("attention.clamp_kqv") is > 0 and var clip)
        {
            rules["clip_qkv"] = clip;
        }

        model.Config["attn_config"] = rules;
        model.Config["expansion_ratio"] = model.Required("feed_forward_length") / (int)model.Config["hidden_size"]!;
    }
}
