using System.Text.Json;
using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>The metadata of a file as the config.json that the same model has as a Hugging Face folder.</summary>
internal static class GgufConfig
{
    private const double DefaultTheta = 10000;

    public static ConfigJson Read(GgufFile file, GgufArchitecture architecture, string name)
    {
        var config = Describe(file, architecture);
        return new ConfigJson(name, JsonSerializer.SerializeToElement(config));
    }

    /// <summary>Channels of a head.</summary>
    public static int HeadDim(GgufMetadata metadata, GgufArchitecture architecture)
    {
        var prefix = architecture.Name;
        var heads = metadata.RequiredInteger($"{prefix}.attention.head_count");
        var hidden = metadata.RequiredInteger($"{prefix}.embedding_length");
        var headDim = metadata.Integer($"{prefix}.attention.key_length") ?? (heads == 0 ? 0 : hidden / heads);
        var values = metadata.Integer($"{prefix}.attention.value_length") ?? headDim;
        if (headDim < 2 || values != headDim)
        {
            throw metadata.Refused($"{prefix}.attention.key_length is {headDim} and value_length {values}; "
                + "they must be equal and at least 2");
        }

        return headDim;
    }

    private static JsonObject Describe(GgufFile file, GgufArchitecture architecture)
    {
        var (metadata, prefix) = (file.Metadata, architecture.Name);
        if (metadata.Integer($"{prefix}.expert_count") is > 0 and var experts)
        {
            throw metadata.Refused(
                $"{prefix}.expert_count is {experts}; models with experts are not read from GGUF files (0)");
        }

        int Required(string key) => metadata.RequiredInteger($"{prefix}.{key}");
        var heads = Required("attention.head_count");
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray(architecture.HuggingFaceName),
            ["model_type"] = architecture.ModelType,
            ["hidden_size"] = Required("embedding_length"),
            ["intermediate_size"] = Required("feed_forward_length"),
            ["num_hidden_layers"] = Required("block_count"),
            ["num_attention_heads"] = heads,
            ["num_key_value_heads"] = metadata.Integer($"{prefix}.attention.head_count_kv") ?? heads,
            ["head_dim"] = HeadDim(metadata, architecture),
            ["vocab_size"] = VocabSize(file),
            ["max_position_embeddings"] = Required("context_length"),
            ["rms_norm_eps"] = metadata.Number($"{prefix}.attention.layer_norm_rms_epsilon")
                ?? throw metadata.Refused($"there is no {prefix}.attention.layer_norm_rms_epsilon"),
            ["rope_theta"] = metadata.Number($"{prefix}.rope.freq_base") ?? DefaultTheta,
            ["tie_word_embeddings"] = !file.Tensors.ContainsKey("output.weight"),
            ["attention_bias"] = file.Tensors.ContainsKey("blk.0.attn_q.bias"),
            ["mlp_bias"] = file.Tensors.ContainsKey("blk.0.ffn_up.bias"),
            ["hidden_act"] = "silu",
        };
        if (metadata.Integer($"{prefix}.attention.sliding_window") is > 0 and var window)
        {
            config["sliding_window"] = window;
        }

        if (metadata.Number($"{prefix}.attn_logit_softcapping") is { } scores)
        {
            DescribeGemma2(metadata, config, scores);
        }

        GgufRope.Describe(file, architecture, config);
        return config;
    }

    private static void DescribeGemma2(GgufMetadata metadata, JsonObject config, double scores)
    {
        config["hidden_act"] = "gelu_pytorch_tanh";
        config["attn_logit_softcapping"] = scores;
        config["final_logit_softcapping"] = metadata.Number("gemma2.final_logit_softcapping");

        // Files do not carry it; the 27b model, with its 46 layers, scales by the width of a head of the stream.
        config["query_pre_attn_scalar"] = (int)config["num_hidden_layers"]! == 46
            ? (int)config["hidden_size"]! / (int)config["num_attention_heads"]!
            : (int)config["head_dim"]!;
    }

    private static long VocabSize(GgufFile file) =>
        file.Tensors.TryGetValue("token_embd.weight", out var table) && table.Shape.Count == 2
            ? table.Shape[0]
            : throw file.Metadata.Refused("there is no matrix 'token_embd.weight'");
}
