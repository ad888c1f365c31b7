using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>Megatron-BERT: BERT whose norms come before each part.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class MegatronBert(string name, TextHead head) : IArchitecture
{
    private static readonly EncoderLayerNames Layer = Bert.Layer with
    {
        AttentionNorm = "attention.ln",
        FeedForwardNorm = "ln",
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "megatron-bert" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype) => TextEncoder.Build(
        checkpoint,
        dtype,
        Bert.ReadConfig(checkpoint.Config, firstPosition: 0),
        Bert.Names("bert") with { EmbeddingNorm = null, Layer = Layer, LastNorm = "bert.encoder.ln" },
        head);
}
