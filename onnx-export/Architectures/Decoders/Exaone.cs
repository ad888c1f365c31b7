using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>EXAONE 3: Llama under names like GPT-2's.</summary>
internal sealed class Exaone : IArchitecture
{
    public string Name => "ExaoneForCausalLM";

    public string ModelType => "exaone";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.wte.weight");
        var norm = Norm.Rms(config.Positive("layer_norm_epsilon", 1e-6));
        var mlp = new GatedFeedForward(
            config.FindSize("intermediate_size") ?? 4 * shape.HiddenSize, config.Text("activation_function") ?? "silu")
        {
            Gate = "c_fc_0",
            Up = "c_fc_1",
            Down = "c_proj",
        };
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: false), new OutputProjection("out_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("transformer.h"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "ln_1"), "attn.attention"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "ln_2"), "mlp"));
        }

        return model.Finish(norm, "transformer.ln_f", model.Head(config.Flag("tie_word_embeddings", true)));
    }
}
