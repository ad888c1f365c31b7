using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>RoFormer: BERT that turns neighbouring channels of queries and keys instead of adding positions.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class RoFormer(string name, TextHead head) : IArchitecture
{
    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "roformer" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseFlag("rotary_value");
        var basis = Bert.ReadConfig(config, firstPosition: 0);
        var frequencies = RotaryFrequencies.Read(
            config, rope: null, basis.Sizes.HeadDim, basis.Positions, RotaryFrequencies.DefaultTheta);
        return TextEncoder.Build(
            checkpoint,
            dtype,
            basis with { RowSize = config.FindSize("embedding_size") ?? basis.Sizes.Hidden },
            Bert.Names("roformer") with
            {
                Positions = null,
                Projection = "roformer.embeddings_project",
                Pooler = null,
                Classifier = new ClassifierHead("classifier.dense", basis.Sizes.Activation, "classifier.out_proj"),
                RowPositions = encoder => new RowPositions(
                    RotaryTables.Append(encoder, frequencies, basis.Positions, isInterleaved: true)),
            },
            head);
    }
}
