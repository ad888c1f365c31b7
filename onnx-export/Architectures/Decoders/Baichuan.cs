using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Baichuan: Llama with one packed projection. The small ones turn heads, the large ones let scores fall with
/// distance; version 2, told by its vocabulary, has a head of rows of length 1.</summary>
/// <param name="name">Name of the family.</param>
internal sealed class Baichuan(string name) : IArchitecture
{
    private const int LargeHiddenSize = 5120;
    private const int SecondVocabulary = 125696;

    public string Name => name;

    public string ModelType => "baichuan";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var falls = config.Flag(
            "alibi", config.FindSize("hidden_size") == LargeHiddenSize || !config.Has("max_position_embeddings"));
        var isPacked = checkpoint.Tensors.Has("model.layers.0.self_attn.W_pack.weight");
        var shape = DecoderShape.Read(config, rotaryShare: falls ? 0 : 1) with
        {
            ContextLength = config.FindSize("model_max_length", "max_position_embeddings") ?? 4096,
        };
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = GatedFeedForward.Read(config);
        var attention = new SelfAttention(
            shape.Heads,
            isPacked ? new QkvProjection(["W_pack"], HasBias: false) : QkvProjection.Apart(hasBias: false),
            new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = falls ? null : model.Rotary(config),
            Bias = falls ? LinearBias.OfHeads(shape.Heads.Heads) : null,
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", false));
        return model.Finish(norm, "model.norm", shape.VocabSize == SecondVocabulary || config.Flag("norm_head", false)
            ? head with { Matrix = new UnitRows(head.Matrix) }
            : head);
    }
}
