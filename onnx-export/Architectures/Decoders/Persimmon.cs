using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Persimmon: LayerNorms, normed heads of which half turns, squared ReLU, biases everywhere.</summary>
internal sealed class Persimmon : IArchitecture
{
    public string Name => "PersimmonForCausalLM";

    public string ModelType => "persimmon";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"rope_theta": 25000}""");
        var shape = DecoderShape.Read(config, rotaryShare: 0.5);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Layer(config.Positive("layer_norm_eps", 1e-5));
        var mlp = new PlainFeedForward(
            config.Size("intermediate_size"), config.Text("hidden_act") ?? "relu2", "dense_h_to_4h", "dense_4h_to_h");
        var heads = new HeadNorm(norm, "q_layernorm", "k_layernorm", HeadNormScope.EachHead);
        var projection = new QkvProjection(["query_key_value"], HasBias: true) { Order = QkvOrder.Grouped };
        var attention = new SelfAttention(
            shape.Heads, projection, new OutputProjection("dense", HasBias: true))
        {
            Rotary = model.Rotary(config),
            Norm = config.Flag("qk_layernorm", true) ? heads : null,
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.final_layernorm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
