using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>The families that can be read from GGUF files.</summary>
internal static class GgufFamilies
{
    private static readonly Dictionary<string, string> NormsAfterwards = new(StringComparer.Ordinal)
    {
        ["post_attention_layernorm"] = "post_attention_norm",
        ["pre_feedforward_layernorm"] = "ffn_norm",
        ["post_feedforward_layernorm"] = "post_ffw_norm",
    };

    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        .. LlamaKin(), .. GemmaKin(), .. OlmoKin(), .. GlmAndCohere(), .. GgufGptFamilies.All, .. GgufLlamaVariants.All,
        .. GgufExpertFamilies.All, .. GgufSharedExpertFamilies.All, .. GgufEncoderFamilies.All,
    ];

    private static IEnumerable<GgufArchitecture> LlamaKin()
    {
        var llama = new GgufArchitecture("llama", "LlamaForCausalLM", "llama") { InterleavesRotary = true };
        return
        [
            llama with { WithExperts = GgufExpertFamilies.Mixtral },
            llama with { Name = "internlm2" },
            llama with { Name = "xverse" },
            new("exaone", "LlamaForCausalLM", "llama"),
            new("exaone4", "Exaone4ForCausalLM", "exaone4") { Names = NormsAfterwards },
            new("orion", "OrionForCausalLM", "orion")
            {
                Describe = model => model.Copy("attention.layer_norm_epsilon", "rms_norm_eps"),
            },
            new("qwen2", "Qwen2ForCausalLM", "qwen2"),
            new("qwen3", "Qwen3ForCausalLM", "qwen3"),
            new("phi3", "Phi3ForCausalLM", "phi3"),
            Granite("granite"),
            Granite("minicpm"),
            new("smollm3", "SmolLM3ForCausalLM", "smollm3") { InterleavesRotary = true },
            new("arcee", "ArceeForCausalLM", "arcee") { InterleavesRotary = true, Activation = "relu2" },
            new("ernie4_5", "Ernie4_5ForCausalLM", "ernie4_5")
            {
                Describe = model => model.Config["use_bias"] = model.Has("blk.0.attn_q.bias"),
            },
            new("seed_oss", "SeedOssForCausalLM", "seed_oss")
            {
                Names = NormsAfterwards,
                Describe = model => model.Config["attention_out_bias"] = model.Has("blk.0.attn_output.bias"),
            },
        ];
    }

    private static GgufArchitecture Granite(string name) => new(name, "GraniteForCausalLM", "granite")
    {
        InterleavesRotary = true,
        Describe = model =>
        {
            if (name == "minicpm")
            {
                DescribeOldMiniCpm(model);
            }

            DescribeScales(model);
        },
        WithExperts = name == "granite" ? GgufExpertFamilies.GraniteMoe : null,
    };

    // Files of before the keys were written stand for the first MiniCPM.
    private static void DescribeOldMiniCpm(GgufDescription model)
    {
        model.Config["embedding_multiplier"] = 12;
        model.Config["residual_multiplier"] = 1.4 / Math.Sqrt((int)model.Config["num_hidden_layers"]!);
        model.Config["logits_scaling"] = 256.0 / (int)model.Config["hidden_size"]!;
    }

    /// <summary>Granite's factors; without one on scores it is the usual root.</summary>
    internal static void DescribeScales(GgufDescription model)
    {
        if (model.Flag("rope.scaling.finetuned") == false)
        {
            throw model.Metadata.Refused("rope.scaling.finetuned is false: positions turn nothing in this model, "
                + "which is not supported for its family; it must be true or absent");
        }

        model.Copy("embedding_scale", "embedding_multiplier");
        model.Copy("residual_scale", "residual_multiplier");
        model.Copy("logit_scale", "logits_scaling");
        model.Config["attention_multiplier"] =
            model.Number("attention.scale") ?? 1 / Math.Sqrt((int)model.Config["head_dim"]!);
    }

    private static IEnumerable<GgufArchitecture> GemmaKin() =>
    [
        new("gemma", "GemmaForCausalLM", "gemma") { NormOffset = 1, Activation = "gelu_pytorch_tanh" },
        new("gemma2", "Gemma2ForCausalLM", "gemma2")
        {
            NormOffset = 1,
            Activation = "gelu_pytorch_tanh",
            Names = NormsAfterwards,
            Describe = model =>
            {
                DescribeGemma(model, largestLayers: 46);

                // What files of before the keys were written stand for.
                model.Config["attn_logit_softcapping"] ??= 50;
                model.Config["final_logit_softcapping"] ??= 30;
                if (model.Integer("attention.sliding_window") is not > 0 and var none)
                {
                    model.Config["sliding_window"] = none is null ? 4096 : null;
                }
            },
        },
        new("gemma3", "Gemma3ForCausalLM", "gemma3_text")
        {
            NormOffset = 1,
            Activation = "gelu_pytorch_tanh",
            Names = NormsAfterwards,
            Describe = model =>
            {
                model.Config["rope_local_base_freq"] = model.Number("rope.freq_base_swa") ?? 10000;
                DescribeGemma(model, largestLayers: 62);
                DescribeWindows(model);
            },
        },
    ];

    // Files of models whose layers all see everything (Rnj-1) have no window, or say of every layer that it has none.
    private static void DescribeWindows(GgufDescription model)
    {
        const string Pattern = "attention.sliding_window_pattern";
        var (config, locals) = (model.Config, model.Flags(Pattern));
        if (config["sliding_window"] is null || locals?.Contains(true) == false)
        {
            (config["sliding_window"], config["sliding_window_pattern"]) = (null, 1);
        }
        else if (locals is not null)
        {
            config["layer_types"] = new JsonArray(
                [.. locals.Select(local => (JsonNode)(local ? "sliding_attention" : "full_attention"))]);
        }
        else
        {
            model.CopyInteger(Pattern, "sliding_window_pattern");
        }
    }

    // Files do not carry the scale of scores; the 27b models, told by their layers, scale by the width of a head of
    // the stream.
    private static void DescribeGemma(GgufDescription model, int largestLayers)
    {
        var config = model.Config;
        config["attn_logit_softcapping"] = model.Number("attn_logit_softcapping");
        config["final_logit_softcapping"] = model.Number("final_logit_softcapping");
        config["query_pre_attn_scalar"] = (int)config["num_hidden_layers"]! == largestLayers
            ? (int)config["hidden_size"]! / (int)config["num_attention_heads"]!
            : (int)config["head_dim"]!;
    }

    private static IEnumerable<GgufArchitecture> OlmoKin() =>
    [
        new("olmo", "OlmoForCausalLM", "olmo")
        {
            InterleavesRotary = true,
            Describe = model => model.Copy("attention.clamp_kqv", "clip_qkv"),
        },
        new("olmo2", "Olmo2ForCausalLM", "olmo2")
        {
            Names = NormsAfterwards,
            Describe = model =>
            {
                // OLMo 3 goes by the same name.
                if (model.Integer("attention.sliding_window") is > 0)
                {
                    (model.Config["architectures"], model.Config["model_type"]) =
                        (new JsonArray("Olmo3ForCausalLM"), "olmo3");
                }
            },
        },
    ];

    private static IEnumerable<GgufArchitecture> GlmAndCohere()
    {
        var glm = new GgufArchitecture("chatglm", "GlmForCausalLM", "glm");
        var cohere = new GgufArchitecture("command-r", "CohereForCausalLM", "cohere")
        {
            Describe = model =>
            {
                model.Copy("logit_scale", "logit_scale");
                model.Config["use_qk_norm"] = model.Has("blk.0.attn_q_norm.weight");
            },
        };
        return
        [
            glm,
            new("glm4", "Glm4ForCausalLM", "glm4")
            {
                Names = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["post_self_attn_layernorm"] = "post_attention_norm",
                    ["post_mlp_layernorm"] = "post_ffw_norm",
                },

                // Converters put the two channels of a pair half a head apart where the model also sees images, which
                // such files tell by how many pairs turn by time, height and width.
                Describe = model => model.Config["rope_interleave"] =
                    model.Integers("rope.dimension_sections") is not [> 0, > 0, ..],
            },
            cohere,
            cohere with { Name = "cohere2", HuggingFaceName = "Cohere2ForCausalLM", ModelType = "cohere2" },
        ];
    }
}
