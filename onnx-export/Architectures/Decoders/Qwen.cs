using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>The first Qwen: Llama with a packed projection that has a bias, under names like GPT-2's.</summary>
internal sealed class Qwen : IArchitecture
{
    public string Name => "QWenLMHeadModel";

    public string ModelType => "qwen";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(
            config, config.Positive("rotary_pct", 1), defaultHeadDim: config.FindSize("kv_channels"));

        // Beyond the length it was trained with, scores and angles are bent by options of the runtime: not here.
        shape = shape with { ContextLength = config.FindSize("seq_length") ?? shape.ContextLength };
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.wte.weight");
        var norm = Norm.Rms(config.Positive("layer_norm_epsilon", 1e-6));
        var hasBias = !config.Flag("no_bias", true);

        // config.json counts what goes in and what is gated together.
        var mlp = new GatedFeedForward(config.Size("intermediate_size") / 2, "silu", hasBias)
        {
            Gate = "w2",
            Up = "w1",
            Down = "c_proj",
        };
        var attention = new SelfAttention(
            shape.Heads, new QkvProjection(["c_attn"], HasBias: true), new OutputProjection("c_proj", hasBias))
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("transformer.h"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "ln_1"), "attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "ln_2"), "mlp"));
        }

        return model.Finish(norm, "transformer.ln_f", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
