using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Granite: Llama with factors on embeddings, scores, block outputs and logits.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class Granite(string name, string modelType) : IArchitecture
{
    public Granite()
        : this("GraniteForCausalLM", "granite")
    {
    }

    /// <summary>Granite with windows and sinks.</summary>
    public static Granite Local { get; } = new("GraniteSWAForCausalLM", "granite_swa")
    {
        IsLocal = true,
        Epsilon = 1e-5,
        IsTied = true,
    };

    public string Name => name;

    public string ModelType => modelType;

    /// <summary>True where most layers have a window and all have sinks.</summary>
    public bool IsLocal { get; init; }

    /// <summary>What is added to variances where config.json does not say it.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>True where the head is the token table unless config.json says otherwise.</summary>
    public bool IsTied { get; init; }

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight")
        {
            EmbeddingScale = config.Positive("embedding_multiplier", 1),
        };
        var norm = Norm.Rms(config.Positive("rms_norm_eps", Epsilon));
        var mlp = GatedFeedForward.Read(config);
        var attention = IsLocal ? GraniteAttention.ReadLocal(config, model) : GraniteAttention.Read(config, model);
        var share = config.Positive("residual_multiplier", 1);

        foreach (var layer in model.Layers("model.layers"))
        {
            var rows = layer.Normed(norm, "attention_norm", "input_layernorm");
            var given = attention[layer.Index].Append(layer, rows, "self_attn");
            layer.Add(model.Scaled(layer.Name("attention_share"), given, share));
            given = mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp");
            layer.Add(model.Scaled(layer.Name("mlp_share"), given, share));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", IsTied));
        return model.Finish(norm, "model.norm", head with { Scale = 1 / config.Positive("logits_scaling", 1) });
    }
}
