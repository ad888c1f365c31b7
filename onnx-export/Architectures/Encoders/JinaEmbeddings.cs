using System.Globalization;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>jina-embeddings-v3 under the name that transformers has for it.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class JinaEmbeddings(string name, TextHead head) : IArchitecture
{
    private const double Theta = 20000;

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "jina_embeddings_v3" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype) =>
        JinaXlmRoberta.Build(checkpoint.Completed(Defaults(checkpoint.Config)), dtype, head);

    // Earlier files say the base of the angles beside their section.
    private static string Defaults(ConfigJson config)
    {
        var theta = config.Positive("rope_theta", Theta).ToString("R", CultureInfo.InvariantCulture);
        return $$"""{"rotary_emb_base": {{theta}}, "layer_norm_eps": 1e-5, "type_vocab_size": 1}""";
    }
}
