using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>RoBERTa-PreLayerNorm: RoBERTa whose norms come before each part.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class RobertaPreNorm(string name, TextHead head) : IArchitecture
{
    private const string Root = "roberta_prelayernorm";

    private static readonly EncoderLayerNames Layer = Bert.Layer with
    {
        AttentionNorm = "attention.LayerNorm",
        FeedForwardNorm = "intermediate.LayerNorm",
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "roberta-prelayernorm" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype) => TextEncoder.Build(
        checkpoint,
        dtype,
        Bert.ReadConfig(checkpoint.Config, Roberta.FirstPosition(checkpoint.Config)),
        Roberta.Names(Root) with { Layer = Layer, LastNorm = $"{Root}.LayerNorm" },
        head);
}
