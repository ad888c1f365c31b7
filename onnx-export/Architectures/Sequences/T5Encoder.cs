using Stip.Export.Architectures.Encoders;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sequences;

/// <summary>The encoder of T5 and its kin on its own (sentence-t5, the text encoders of image generators).</summary>
/// <param name="name">Name of the family.</param>
/// <param name="hasOwnDistances">True where every layer has a table of distances.</param>
/// <param name="head">What it ends in.</param>
internal sealed class T5Encoder(string name, bool hasOwnDistances, TextHead head = TextHead.Hidden) : IArchitecture
{
    // With a head, the encoder stands below a name of its own.
    private const string Inner = "transformer.";

    public string Name => name;

    // That is the whole model's.
    public string ModelType => "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        checkpoint = head == TextHead.Hidden ? checkpoint : checkpoint.Part(
            checkpoint.Config, [("encoder.", $"{Inner}encoder."), ("shared.", $"{Inner}shared."), ("", "")]);
        var t5 = new T5(checkpoint.Config, name, hasOwnDistances);
        var sizes = t5.Sizes;
        var names = new TextEncoderNames(
            Words: Array.Find(T5.WordNames, checkpoint.Tensors.Has) ?? T5.WordNames[0],
            Positions: null,
            TokenTypes: null,
            EmbeddingNorm: null,
            Layers: "encoder.block",
            t5.EncoderLayer)
        {
            LastNorm = "encoder.final_layer_norm",
            LayerPositions = t5.EncoderPositions,
        };
        return TextEncoder.Build(
            checkpoint,
            dtype,
            new TextEncoderConfig(
                sizes, t5.VocabSize, t5.Positions, FirstPosition: 0, TokenTypes: 0, IsTied: false),
            names,
            head);
    }
}
