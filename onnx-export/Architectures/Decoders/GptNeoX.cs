using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>GPT-NeoX and Pythia: LayerNorms, attention and feed-forward side by side, a quarter of each head
/// turns.</summary>
internal sealed class GptNeoX : IArchitecture
{
    public string Name => "GPTNeoXForCausalLM";

    public string ModelType => "gpt_neox";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: config.Positive("rotary_pct", 0.25));
        var model = new DecoderModel(checkpoint, dtype, shape, "gpt_neox.embed_in.weight");
        var norm = Norm.Layer(config.Positive("layer_norm_eps", 1e-5));
        var mlp = new PlainFeedForward(
            config.Size("intermediate_size"), config.Text("hidden_act") ?? "gelu", "dense_h_to_4h", "dense_4h_to_h");
        var hasBias = config.Flag("attention_bias", true);
        var isParallel = config.Flag("use_parallel_residual", true);
        var projection = new QkvProjection(["query_key_value"], hasBias) { Order = QkvOrder.Grouped };
        var attention = new SelfAttention(
            shape.Heads, projection, new OutputProjection("dense", hasBias))
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("gpt_neox.layers"))
        {
            // Side by side, both norms read the stream as it was before the layer.
            var rows = layer.Normed(norm, "attention_norm", "input_layernorm");
            var beside = isParallel ? layer.Normed(norm, "mlp_norm", "post_attention_layernorm") : null;
            layer.Add(attention.Append(layer, rows, "attention"));
            beside ??= layer.Normed(norm, "mlp_norm", "post_attention_layernorm");
            layer.Add(mlp.Append(layer, beside, "mlp"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", false), "embed_out");
        return model.Finish(norm, "gpt_neox.final_layer_norm", head);
    }
}
