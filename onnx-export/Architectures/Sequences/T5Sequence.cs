using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sequences;

/// <summary>T5 and its kin (FLAN-T5, mT5, UMT5): encoder and decoder, distances in place of positions. Rows of LongT5's
/// encoder see those near them.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
/// <param name="encoderName">Name of the family that is its encoder alone.</param>
/// <param name="hasOwnDistances">True where every layer has a table of distances.</param>
internal sealed class T5Sequence(string name, string modelType, string encoderName, bool hasOwnDistances)
    : IArchitecture
{
    private const string HeadName = "lm_head.weight";
    private const string LongType = "longt5";
    private const int DefaultRadius = 127;

    public string Name => name;

    public string ModelType => modelType;

    /// <summary>Name of the family that is its encoder alone.</summary>
    public string EncoderName => encoderName;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        config.RefuseUnless("encoder_attention_type", "local");
        var isLocal = modelType == LongType;
        var t5 = new T5(config, name, hasOwnDistances);
        var sizes = t5.Sizes;
        var words = SequenceTables.Words(tensors, t5.VocabSize, sizes.Hidden, HeadName, T5.WordNames);
        var isTied = config.Flag("tie_word_embeddings", true);
        var head = SequenceTables.Head(tensors, HeadName, words, isTied);
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
            Head = head,
            HeadScale = IsScaled(config, isTied, ReferenceEquals(head, words)) ? 1 / Math.Sqrt(sizes.Hidden) : 1,
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
                Attention("layer.0", Own(isEncoder)),
                isEncoder ? null : Attention("layer.1", "EncDecAttention"),
                Up: $"{wide}.DenseReluDense.{(t5.IsGated ? "wi_1" : "wi")}",
                Down: $"{wide}.DenseReluDense.wo",
                FeedForwardNorm: $"{wide}.layer_norm")
            {
                Gate = t5.IsGated ? $"{wide}.DenseReluDense.wi_0" : null,
                LastNorm = $"{side}.final_layer_norm",
                DistanceTable = layer => t5.DistanceTable(side, layer, Own(isEncoder)),
                Window = isEncoder && isLocal ? config.FindSize("local_radius") ?? DefaultRadius : null,
                Distances = t5.Distances(sizes.Heads, isTwoSided: isEncoder),
            };
        }

        string Own(bool isEncoder) => isEncoder && isLocal ? "LocalSelfAttention" : "SelfAttention";

        static AttentionNames Attention(string part, string kind) => new(
            $"{part}.{kind}.q", $"{part}.{kind}.k", $"{part}.{kind}.v", $"{part}.{kind}.o", $"{part}.layer_norm");
    }

    // Version 5 of transformers writes that all are tied, and keeps for T5 alone what the flag said before: whether
    // rows are scaled. The others were published with a head of their own, and unscaled.
    private bool IsScaled(ConfigJson config, bool isTied, bool isTable) =>
        config.Flag("scale_decoder_outputs", isTied && (isTable || modelType is not ("mt5" or "umt5")));
}
