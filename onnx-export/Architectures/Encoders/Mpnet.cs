using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>MPNet: RoBERTa without token types, whose scores also hang on the distance between two tokens.</summary>
internal sealed class Mpnet(string name, TextHead head) : IArchitecture
{
    // Fixed in the definition, whatever pad_token_id says.
    private const int FirstPosition = 2;
    private const int DefaultBuckets = 32;

    private static readonly TextEncoderNames Names = new(
        Words: "mpnet.embeddings.word_embeddings.weight",
        Positions: "mpnet.embeddings.position_embeddings.weight",
        TokenTypes: null,
        EmbeddingNorm: "mpnet.embeddings.LayerNorm",
        Layers: "mpnet.encoder.layer",
        new EncoderLayerNames(
            Query: "attention.attn.q",
            Key: "attention.attn.k",
            Value: "attention.attn.v",
            Output: "attention.attn.o",
            AttentionNorm: "attention.LayerNorm",
            Up: "intermediate.dense",
            Down: "output.dense",
            FeedForwardNorm: "output.LayerNorm"))
    {
        MaskedWords = new MaskedWordsHead(
            "lm_head.dense", "lm_head.layer_norm", "lm_head.decoder.weight", "lm_head.bias")
        {
            Activation = "gelu",
        },
        Pooler = "mpnet.pooler.dense",
        Classifier = new ClassifierHead("classifier.dense", "tanh", "classifier.out_proj"),
        Distances = "mpnet.encoder.relative_attention_bias",
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "mpnet" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = Bert.ReadConfig(checkpoint.Config, FirstPosition);
        return TextEncoder.Build(
            checkpoint,
            dtype,
            config with
            {
                DistanceBuckets = checkpoint.Config.FindSize("relative_attention_num_buckets") ?? DefaultBuckets,
            },
            Names,
            head);
    }
}
