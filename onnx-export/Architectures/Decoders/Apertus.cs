using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Apertus: Llama with normed queries and keys, and a plain feed-forward part bent by xIELU.</summary>
internal sealed class Apertus : IArchitecture
{
    private const string DefaultRope = """
        {"rope_theta": 12000000.0, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
         "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}}
        """;

    public string Name => "ApertusForCausalLM";

    public string ModelType => "apertus";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = RotaryFrequencies.Complete(checkpoint.Config, DefaultRope);
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var function = config.Text("hidden_act") ?? Xielu.Name;
        var mlp = new PlainFeedForward(
            config.Size("intermediate_size"), function, "up_proj", "down_proj", config.Flag("mlp_bias", false))
        {
            Bend = function == Xielu.Name ? (layer, rows) => Xielu.Append(layer, "mlp.act_fn", rows) : null,
        };
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
            Norm = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.EachHead),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var rows = layer.Normed(norm, "attention_norm", "attention_layernorm");
            layer.Add(attention.Append(layer, rows, "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "feedforward_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
