using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>BERT: learned positions and token types (the client adds them), norms after each part, GELU.</summary>
internal sealed class Bert(string name, TextHead head) : IArchitecture
{
    private const int DefaultTokenTypes = 2;

    private static readonly TextEncoderNames Names = new(
        Words: "bert.embeddings.word_embeddings.weight",
        Positions: "bert.embeddings.position_embeddings.weight",
        TokenTypes: "bert.embeddings.token_type_embeddings.weight",
        EmbeddingNorm: "bert.embeddings.LayerNorm",
        Layers: "bert.encoder.layer",
        Layer,
        new MaskedWordsHead(
            "cls.predictions.transform.dense",
            "cls.predictions.transform.LayerNorm",
            "cls.predictions.decoder.weight",
            "cls.predictions.bias"),
        new ClassifierHead("bert.pooler.dense", "tanh", "classifier"));

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "bert" : "";

    /// <summary>Names inside a layer, which RoBERTa shares.</summary>
    internal static EncoderLayerNames Layer => new(
        Query: "attention.self.query",
        Key: "attention.self.key",
        Value: "attention.self.value",
        Output: "attention.output.dense",
        AttentionNorm: "attention.output.LayerNorm",
        Up: "intermediate.dense",
        Down: "output.dense",
        FeedForwardNorm: "output.LayerNorm");

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype) =>
        TextEncoder.Build(checkpoint, dtype, ReadConfig(checkpoint.Config, firstPosition: 0), Names, head);

    /// <summary>Sizes under the names that most text encoders share.</summary>
    internal static EncoderSizes ReadSizes(ConfigJson config) => new(
        config.Size("hidden_size"),
        config.Size("intermediate_size"),
        config.Size("num_hidden_layers"),
        config.Size("num_attention_heads"),
        config.Text("hidden_act") ?? "gelu",
        config.Positive("layer_norm_eps", 1e-12));

    internal static TextEncoderConfig ReadConfig(ConfigJson config, int firstPosition)
    {
        config.RefuseUnless("position_embedding_type", "absolute");
        config.RefuseFlag("is_decoder");
        config.RefuseFlag("add_cross_attention");
        return new TextEncoderConfig(
            ReadSizes(config),
            config.Size("vocab_size"),
            config.Size("max_position_embeddings"),
            firstPosition,
            config.FindSize("type_vocab_size") ?? DefaultTokenTypes,
            config.Flag("tie_word_embeddings", true));
    }
}
