using System.Text.Json;
using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>The metadata of a file as the config.json that the same model has as a Hugging Face folder.</summary>
internal static class GgufConfig
{
    /// <summary>The base where a file says none.</summary>
    public const double DefaultTheta = 10000;

    // Families call the same number differently.
    private static readonly string[] LayerNormNames =
        ["layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps"];

    public static ConfigJson Read(GgufFile file, GgufArchitecture architecture, string name)
    {
        var config = Describe(file, architecture);
        return new ConfigJson(name, JsonSerializer.SerializeToElement(config));
    }

    /// <summary>Channels of a head.</summary>
    public static int HeadDim(GgufMetadata metadata, GgufArchitecture architecture)
    {
        var prefix = architecture.Name;
        var heads = Heads(metadata, architecture) ?? metadata.RequiredInteger($"{prefix}.attention.head_count");
        var hidden = metadata.RequiredInteger($"{prefix}.embedding_length");
        var headDim = metadata.Integer($"{prefix}.attention.key_length_mla")
            ?? metadata.Integer($"{prefix}.attention.key_length") ?? (heads == 0 ? 0 : hidden / heads);
        if (heads == 0)
        {
            throw metadata.Refused($"{prefix}.attention.head_count is 0; it must be at least 1");
        }

        var values = metadata.Integer($"{prefix}.attention.value_length") ?? headDim;
        if (headDim < 2 || (values != headDim && !architecture.IsLatent))
        {
            throw metadata.Refused($"{prefix}.attention.key_length is {headDim} and value_length {values}; "
                + "they must be equal and at least 2");
        }

        return headDim;
    }

    // The most of any layer, null where all are alike.
    private static int? Heads(GgufMetadata metadata, GgufArchitecture architecture, string ending = "") =>
        architecture.VariesByLayer ? metadata.Largest($"{architecture.Name}.attention.head_count{ending}") : null;

    private static JsonObject Describe(GgufFile file, GgufArchitecture architecture)
    {
        var model = new GgufDescription(file, architecture.Name);
        var (metadata, config) = (file.Metadata, model.Config);
        var heads = Heads(metadata, architecture) ?? model.Required("attention.head_count");
        config["architectures"] = new JsonArray(architecture.HuggingFaceName);
        config["model_type"] = architecture.ModelType;
        config["hidden_size"] = model.Required("embedding_length");
        if (!architecture.VariesByLayer)
        {
            model.CopyInteger("feed_forward_length", "intermediate_size");
        }

        config["num_hidden_layers"] = Layers(model, architecture);
        config["num_attention_heads"] = heads;
        config["num_key_value_heads"] = Heads(metadata, architecture, "_kv")
            ?? model.Integer("attention.head_count_kv") ?? heads;
        config["head_dim"] = HeadDim(metadata, architecture);
        config["vocab_size"] = model.Rows("token_embd.weight");
        config["max_position_embeddings"] = model.Required("context_length");
        config["rope_theta"] = model.Number("rope.freq_base") ?? DefaultTheta;
        config["tie_word_embeddings"] = !model.Has("output.weight");
        config["attention_bias"] = model.Has("blk.0.attn_q.bias") || model.Has("blk.0.attn_qkv.bias");
        config["mlp_bias"] = model.Has("blk.0.ffn_up.bias");
        config["hidden_act"] = architecture.Activation;
        DescribeNorms(model);
        if (model.Integer("attention.sliding_window") is > 0 and var window)
        {
            config["sliding_window"] = window;
        }

        GgufRope.Describe(file, architecture, config);
        architecture.Describe?.Invoke(model);
        GgufUnreadKeys.Refuse(metadata, architecture.Name);
        return config;
    }

    // Some families list something for each of them.
    private static int Layers(GgufDescription model, GgufArchitecture architecture) =>
        model.Required("block_count") is >= 1 and <= ConfigJson.LargestRepeat and var count
            ? count
            : throw model.Metadata.Refused($"{architecture.Name}.block_count is {model.Required("block_count")}; it "
                + $"must be 1..{ConfigJson.LargestRepeat}");

    private static void DescribeNorms(GgufDescription model)
    {
        const string Rms = "attention.layer_norm_rms_epsilon";
        const string Layer = "attention.layer_norm_epsilon";
        if (model.Number(Rms) is null && model.Number(Layer) is null)
        {
            throw model.Metadata.Refused($"there is neither {Rms} nor {Layer} of the architecture");
        }

        model.Copy(Rms, "rms_norm_eps");
        foreach (var name in LayerNormNames)
        {
            model.Copy(Layer, name);
        }
    }
}
