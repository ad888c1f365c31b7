using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>The encoder of BertGeneration: BERT without token types.</summary>
internal sealed class BertGeneration : IArchitecture
{
    public string Name => "BertGenerationEncoder";

    public string ModelType => "bert-generation";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype) => TextEncoder.Build(
        checkpoint,
        dtype,
        Bert.ReadConfig(checkpoint.Config, firstPosition: 0),
        Bert.Names("bert") with { TokenTypes = null, Pooler = null },
        TextHead.Hidden);
}
