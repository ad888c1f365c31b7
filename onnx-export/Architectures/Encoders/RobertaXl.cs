using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>XLM-RoBERTa-XL: RoBERTa whose norms come before each part.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class RobertaXl(string name, TextHead head) : IArchitecture
{
    private const string Defaults = """{"layer_norm_eps": 1e-5, "type_vocab_size": 1}""";

    private static readonly EncoderLayerNames Layer = Bert.Layer with
    {
        AttentionNorm = "attention.self_attn_layer_norm",
        FeedForwardNorm = "LayerNorm",
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "xlm-roberta-xl" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        return TextEncoder.Build(
            checkpoint,
            dtype,
            Bert.ReadConfig(config.WithDefaults(Defaults), Roberta.FirstPosition(config)),
            Roberta.Names("roberta") with
            {
                EmbeddingNorm = null,
                Layer = Layer,
                LastNorm = "roberta.encoder.LayerNorm",
            },
            head);
    }
}
