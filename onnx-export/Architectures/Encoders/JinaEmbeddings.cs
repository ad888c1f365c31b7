using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>jina-embeddings-v3 under the name that transformers has for it.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class JinaEmbeddings(string name, TextHead head) : IArchitecture
{
    private const string Defaults = """
        {"rope_parameters": {"rope_theta": 20000}, "layer_norm_eps": 1e-5, "type_vocab_size": 1}
        """;

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "jina_embeddings_v3" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype) =>
        JinaXlmRoberta.Build(checkpoint.Completed(Defaults), dtype, head);
}
