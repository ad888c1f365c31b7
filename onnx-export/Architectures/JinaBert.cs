using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

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

    public string Name => name;

    public string ModelType => "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        config.RefuseUnless("position_embedding_type", "alibi");
        config.RefuseUnless("feed_forward_type", "geglu");

        // Published files say ForMaskedLM and hold an encoder alone, under names without a root.
        var hasHead = head == TextHead.MaskedWords && tensors.Has("cls.predictions.bias");
        var root = tensors.Has("bert.embeddings.word_embeddings.weight") ? "bert" : "";
        var sizes = Bert.ReadSizes(config) with { HasInnerBias = false };
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
                Layer = Layer,
                ScoreBias = encoder => LinearBias.OfHeads(sizes.Heads).Append(encoder),
            },
            hasHead ? TextHead.MaskedWords : TextHead.Hidden);
    }
}
