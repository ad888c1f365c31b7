using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>ChatGLM 2 and 3 and GLM-4-9B under the names of their own code: half of each head turns in neighbouring
/// pairs.</summary>
/// <param name="name">Name of the family.</param>
internal sealed class ChatGlm(string name) : IArchitecture
{
    private const double Theta = 10000;

    public string Name => name;

    public string ModelType => "chatglm";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseFlag("apply_residual_connection_post_layernorm");
        config.RefuseFlag("interleaved_qkv");
        var shape = Shape(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.embedding.word_embeddings.weight");
        var eps = config.Positive("layernorm_epsilon", 1e-5);
        var norm = config.Flag("rmsnorm", true) ? Norm.Rms(eps) : Norm.Layer(eps);
        var hasBias = config.Flag("add_bias_linear", false);
        var mlp = new GatedFeedForward(config.Size("ffn_hidden_size"), "silu", hasBias)
        {
            Fused = "dense_h_to_4h",
            Down = "dense_4h_to_h",
        };
        var projection = new QkvProjection(["query_key_value"], hasBias || config.Flag("add_qkv_bias", false))
        {
            Order = config.Flag("multi_query_attention", false) ? null : QkvOrder.Grouped,
        };
        var isSecond = config.Text("_name_or_path")?.Contains("chatglm2", StringComparison.Ordinal) == true;
        if (isSecond && config.Positive("rope_ratio", 1) is not 1)
        {
            throw new RefusedException("config.json: rope_ratio of a ChatGLM2 divides positions, which is not "
                + "supported; that of ChatGLM3 and GLM-4 is a factor on the base");
        }

        var theta = Theta * config.Positive("rope_ratio", 1);
        var attention = new SelfAttention(shape.Heads, projection, new OutputProjection("dense", hasBias))
        {
            Rotary = model.RotaryOf(config, rope: null, theta, isInterleaved: true),
        };

        foreach (var layer in model.Layers("transformer.encoder.layers"))
        {
            var rows = layer.Normed(norm, "attention_norm", "input_layernorm");
            layer.Add(attention.Append(layer, rows, "self_attention"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", false), "transformer.output_layer");
        return model.Finish(
            config.Flag("post_layer_norm", true) ? norm : null, "transformer.encoder.final_layernorm", head);
    }

    private static DecoderShape Shape(ConfigJson config)
    {
        var (hidden, heads) = (config.Size("hidden_size"), config.Size("num_attention_heads"));
        var groups = config.Flag("multi_query_attention", false) ? config.Size("multi_query_group_num") : heads;
        var dim = config.FindSize("kv_channels") ?? hidden / heads;
        return new DecoderShape(
            hidden,
            config.Size("num_layers", "num_hidden_layers"),
            new AttentionHeads(heads, groups, dim, dim / 2).Checked(),
            config.Size("padded_vocab_size", "vocab_size"),
            config.FindSize("seq_length") ?? 2048);
    }
}
