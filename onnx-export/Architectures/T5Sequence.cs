using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>T5 and its kin (FLAN-T5, mT5, UMT5): encoder and decoder, distances in place of positions.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
/// <param name="hasOwnDistances">True where every layer has a table of distances.</param>
internal sealed class T5Sequence(string name, string modelType, bool hasOwnDistances) : IArchitecture
{
    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        var t5 = new T5(config, hasOwnDistances);
        var sizes = t5.Sizes;
        var words = tensors.Require(T5.Words(tensors), t5.VocabSize, sizes.Hidden);
        var isTied = config.Flag("tie_word_embeddings", true);
        return SequenceModel.Build(checkpoint, dtype, new SequenceFamily(
            sizes.Hidden,
            sizes.HeadDim,
            t5.VocabSize,
            sizes.Norm,
            sizes.Activation,
            Stack("encoder", sizes.Layers),
            Stack("decoder", config.FindSize("num_decoder_layers") ?? sizes.Layers))
        {
            IsPreNorm = true,
            HasBiases = false,
            Scale = 1,
            Words = words,
            Head = isTied ? words : tensors.Require("lm_head.weight", t5.VocabSize, sizes.Hidden),
            HeadScale = isTied ? 1 / Math.Sqrt(sizes.Hidden) : 1,
        });

        SequenceStack Stack(string side, int layers)
        {
            var isEncoder = side == "encoder";
            var wide = $"layer.{(isEncoder ? 1 : 2)}";
            return new SequenceStack(
                $"{side}.block",
                layers,
                sizes.Heads,
                sizes.Inner,
                Attention("layer.0", "SelfAttention"),
                isEncoder ? null : Attention("layer.1", "EncDecAttention"),
                Up: $"{wide}.DenseReluDense.{(t5.IsGated ? "wi_1" : "wi")}",
                Down: $"{wide}.DenseReluDense.wo",
                FeedForwardNorm: $"{wide}.layer_norm")
            {
                Gate = t5.IsGated ? $"{wide}.DenseReluDense.wi_0" : null,
                LastNorm = $"{side}.final_layer_norm",
                DistanceTable = layer => t5.DistanceTable(side, layer),
                Distances = t5.Distances(sizes.Heads, isTwoSided: isEncoder),
            };
        }

        static AttentionNames Attention(string part, string kind) => new(
            $"{part}.{kind}.q", $"{part}.{kind}.k", $"{part}.{kind}.v", $"{part}.{kind}.o", $"{part}.layer_norm");
    }
}
