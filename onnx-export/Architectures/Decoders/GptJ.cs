using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>GPT-J: one LayerNorm for attention and feed-forward side by side, neighbouring channels turn.</summary>
internal sealed class GptJ : IArchitecture
{
    public string Name => "GPTJForCausalLM";

    public string ModelType => "gptj";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"rotary_dim": 64}""");
        var shape = DecoderShape.Read(config);
        shape = shape with
        {
            Heads = (shape.Heads with { RotaryDim = config.FindSize("rotary_dim") ?? shape.Heads.Dim }).Checked(),
        };
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.wte.weight");
        var norm = Norm.Layer(config.Positive("layer_norm_epsilon", 1e-5));
        var mlp = new PlainFeedForward(
            config.FindSize("n_inner") ?? 4 * shape.HiddenSize,
            config.Text("activation_function") ?? "gelu_new",
            "fc_in",
            "fc_out");
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: false), new OutputProjection("out_proj", HasBias: false))
        {
            Rotary = model.Rotary(config, isInterleaved: true),
        };

        foreach (var layer in model.Layers("transformer.h"))
        {
            var rows = layer.Normed(norm, "attention_norm", "ln_1");
            layer.Add(attention.Append(layer, rows, "attn"));
            layer.Add(mlp.Append(layer, rows, "mlp"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", false), hasBias: true);
        return model.Finish(norm, "transformer.ln_f", head);
    }
}
