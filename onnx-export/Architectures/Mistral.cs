using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>Mistral: Llama whose queries see a sliding window.</summary>
internal sealed class Mistral(string name, string modelType) : IArchitecture
{
    private const int DefaultWindow = 4096;

    public Mistral()
        : this("MistralForCausalLM", "mistral")
    {
    }

    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = GatedFeedForward.Read(config);
        var windows = AttentionWindows.Read(config, shape, _ => true, DefaultWindow);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: false), new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with { Window = windows[layer.Index] };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
