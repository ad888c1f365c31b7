using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Falcon: attention and feed-forward side by side or one after the other, key/value heads shared in three
/// ways.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class Falcon(string name, string modelType) : IArchitecture
{
    public Falcon()
        : this("FalconForCausalLM", "falcon")
    {
    }

    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var isNew = config.Flag("new_decoder_architecture", config.Has("n_head_kv"));
        var sharesOne = !isNew && config.Flag("multi_query", true);
        var falls = config.Flag("alibi", false);
        var sizes = DecoderShape.Read(config, rotaryShare: falls ? 0 : 1);
        var kvHeads = isNew ? config.FindSize("num_kv_heads", "n_head_kv") : sharesOne ? 1 : null;
        var shape = sizes with { Heads = (sizes.Heads with { KvHeads = kvHeads ?? sizes.Heads.Heads }).Checked() };
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.word_embeddings.weight");
        var norm = Norm.Layer(config.Positive("layer_norm_epsilon", 1e-5));
        var hasBias = config.Flag("bias", false);
        var mlp = new PlainFeedForward(
            config.FindSize("ffn_hidden_size") ?? 4 * shape.HiddenSize,
            config.Text("activation") ?? "gelu",
            "dense_h_to_4h",
            "dense_4h_to_h",
            hasBias);
        var projection = new QkvProjection(["query_key_value"], hasBias)
        {
            Order = sharesOne ? null : QkvOrder.Grouped,
        };
        var attention = new SelfAttention(shape.Heads, projection, new OutputProjection("dense", hasBias));
        attention = attention with
        {
            Rotary = falls ? null : model.Rotary(config),
            Bias = falls
                ? LinearBias.OfHeads(shape.Heads.Heads) with { Factor = attention.Scale, IsRounded = true }
                : null,
        };
        var isParallel = isNew || config.Flag("parallel_attn", true);
        var hasTwoNorms = isNew && config.FindSize("num_ln_in_parallel_attn") is not 1;

        foreach (var layer in model.Layers("transformer.h"))
        {
            var rows = layer.Normed(norm, "attention_norm", hasTwoNorms ? "ln_attn" : "input_layernorm");
            var beside = hasTwoNorms ? layer.Normed(norm, "mlp_norm", "ln_mlp") : rows;
            layer.Add(attention.Append(layer, rows, "self_attention"));
            beside = isParallel ? beside : layer.Normed(norm, "mlp_norm", "post_attention_layernorm");
            layer.Add(mlp.Append(layer, beside, "mlp"));
        }

        return model.Finish(norm, "transformer.ln_f", model.Head(config.Flag("tie_word_embeddings", true)));
    }
}
