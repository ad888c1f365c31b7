using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>StarCoder2: grouped heads and rotary positions, with LayerNorm, biases and a plain feed-forward
/// part.</summary>
internal sealed class StarCoder2 : IArchitecture
{
    public string Name => "Starcoder2ForCausalLM";

    public string ModelType => "starcoder2";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseUnless("mlp_type", "default");
        config.RefuseUnless("norm_type", "layer_norm");
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Layer(config.Positive("norm_epsilon", 1e-5));
        var hasBias = config.Flag("use_bias", true);
        var mlp = new PlainFeedForward(
            config.Size("intermediate_size"),
            config.Text("hidden_act") ?? "gelu_pytorch_tanh",
            "c_fc",
            "c_proj",
            hasBias);
        var windows = AttentionWindows.Read(config, shape, _ => true);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with { Window = windows[layer.Index] };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", true)));
    }
}
