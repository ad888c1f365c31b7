using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>LUKE (and mLUKE) where no entities are told it: RoBERTa.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Luke(string name, TextHead head) : IArchitecture
{
    private const string Root = "luke";

    private static readonly string[] OfEntities = ["w2e_query", "e2w_query", "e2e_query"];

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = Bert.ReadConfig(checkpoint.Config, Roberta.FirstPosition(checkpoint.Config));
        NoteEntities(checkpoint.Tensors, config.Sizes.Layers);
        return TextEncoder.Build(
            checkpoint,
            dtype,
            config,
            Roberta.Names(Root) with { Classifier = new ClassifierHead($"{Root}.pooler.dense", "tanh", "classifier") },
            head);
    }

    // Files have queries between words and entities; asked for, they count as known.
    private static void NoteEntities(ITensorStore tensors, int layers)
    {
        foreach (var part in OfEntities)
        {
            for (var layer = 0; layer < layers; layer++)
            {
                tensors.Has($"{Root}.encoder.layer.{layer}.attention.self.{part}.weight");
                tensors.Has($"{Root}.encoder.layer.{layer}.attention.self.{part}.bias");
            }
        }
    }
}
