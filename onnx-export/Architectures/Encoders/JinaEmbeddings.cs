using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>jina-embeddings-v3 under the name that transformers has for it.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class JinaEmbeddings(string name, TextHead head) : IArchitecture
{
    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "jina_embeddings_v3" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype) =>
        JinaXlmRoberta.Build(checkpoint, dtype, head);
}
