using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>Jina's BERT: scores fall with distance on both sides, and a gated feed-forward part.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class JinaBert(string name, TextHead head) : IArchitecture
{
    private static readonly EncoderLayerNames Layer = Bert.Layer with
    {
        Up = "mlp.gated_layers",
        HasGateBeforeUp = true,
        Down = "mlp.wo",
        FeedForwardNorm = "mlp.layernorm",
    };

    // The one for code, whose queries and keys go through norms.
    private static readonly EncoderLayerNames NormedLayer = Bert.Layer with
    {
        QueryNorm = "attention.self.layer_norm_q",
        KeyNorm = "attention.self.layer_norm_k",
        AttentionNorm = "layer_norm_1",
        Up = "mlp.up_gated_layer",
        HasGateAfterUp = true,
        Down = "mlp.down_layer",
        FeedForwardNorm = "layer_norm_2",
    };

    public string Name => name;

    public string ModelType => "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        config.RefuseUnless("position_embedding_type", "alibi");
        config.RefuseUnless("feed_forward_type", "geglu", "reglu");

        // Published files say ForMaskedLM and hold an encoder alone, under names without a root.
        var hasHead = tensors.Has("cls.predictions.bias");
        var root = tensors.Has("bert.embeddings.word_embeddings.weight") ? "bert" : "";
        var sizes = Bert.ReadSizes(config) with
        {
            HasInnerBias = false,
            Activation = config.Text("feed_forward_type") == "reglu" ? "relu" : "gelu",
        };
        var first = $"{(root.Length > 0 ? $"{root}." : "")}encoder.layer.0";
        var isNormed = !tensors.Has($"{first}.{Layer.Up}.weight") && tensors.Has($"{first}.{NormedLayer.Up}.weight");
        return TextEncoder.Build(
            checkpoint,
            dtype,
            new TextEncoderConfig(
                sizes,
                config.Size("vocab_size"),
                config.FindSize("max_position_embeddings") ?? 8192,
                FirstPosition: 0,
                config.FindSize("type_vocab_size") ?? 2,
                config.Flag("tie_word_embeddings", true)),
            Bert.Names(root) with
            {
                Positions = null,
                Layer = isNormed ? NormedLayer : Layer,
                Attention = isNormed ? encoder => NormedTwice(encoder, sizes) : null,
                ScoreBias = encoder => LinearBias.OfHeads(sizes.Heads).Append(encoder),
                MaskedWords = Bert.MaskedWords with { Activation = config.Text("hidden_act") ?? "gelu" },
            },
            head == TextHead.MaskedWords && !hasHead ? TextHead.Hidden : head);
    }

    // What attention gives is added to the rows and normed, and then added to them again.
    private static Func<string, string, string, string> NormedTwice(EncoderGraph encoder, EncoderSizes sizes)
    {
        var attention = new EncoderAttention(encoder, sizes, NormedLayer);
        return (name, tensor, rows) => sizes.Norm.AppendAfterSum(
            encoder,
            $"{name}.inner_norm",
            $"{tensor}.{Bert.Layer.AttentionNorm}",
            rows,
            attention.Append(name, tensor, rows));
    }
}
