using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>DistilBERT: BERT without token types and without a pooler, under other names.</summary>
internal sealed class DistilBert(string name, TextHead head) : IArchitecture
{
    private const double NormEpsilon = 1e-12;

    private static readonly TextEncoderNames Names = new(
        Words: "distilbert.embeddings.word_embeddings.weight",
        Positions: "distilbert.embeddings.position_embeddings.weight",
        TokenTypes: null,
        EmbeddingNorm: "distilbert.embeddings.LayerNorm",
        Layers: "distilbert.transformer.layer",
        new EncoderLayerNames(
            Query: "attention.q_lin",
            Key: "attention.k_lin",
            Value: "attention.v_lin",
            Output: "attention.out_lin",
            AttentionNorm: "sa_layer_norm",
            Up: "ffn.lin1",
            Down: "ffn.lin2",
            FeedForwardNorm: "output_layer_norm"))
    {
        MaskedWords = new MaskedWordsHead(
            "vocab_transform", "vocab_layer_norm", "vocab_projector.weight", "vocab_projector.bias"),
        Classifier = new ClassifierHead("pre_classifier", "relu", "classifier"),
        Choice = new ClassifierHead("pre_classifier", "relu", "classifier"),
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "distilbert" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var sizes = new EncoderSizes(
            config.Size("dim", "hidden_size"),
            config.Size("hidden_dim", "intermediate_size"),
            config.Size("n_layers", "num_hidden_layers"),
            config.Size("n_heads", "num_attention_heads"),
            config.Text("activation") ?? "gelu",
            NormEpsilon);
        return TextEncoder.Build(
            checkpoint,
            dtype,
            new TextEncoderConfig(
                sizes,
                config.Size("vocab_size"),
                config.Size("max_position_embeddings"),
                FirstPosition: 0,
                TokenTypes: 1,
                config.Flag("tie_word_embeddings", true)),
            Names,
            head);
    }
}
