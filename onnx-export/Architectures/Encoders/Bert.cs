using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>BERT: learned positions and token types (the client adds them), norms after each part, GELU. ERNIE is
/// BERT that may tell tasks apart.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
/// <param name="root">What the names of its tensors begin with, and its <c>model_type</c>.</param>
internal sealed class Bert(string name, TextHead head, string root = "bert") : IArchitecture
{
    private const int DefaultTokenTypes = 2;

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? root : "";

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

    /// <summary>The head of masked words under its usual names.</summary>
    internal static MaskedWordsHead MaskedWords => new(
        "cls.predictions.transform.dense",
        "cls.predictions.transform.LayerNorm",
        "cls.predictions.decoder.weight",
        "cls.predictions.bias");

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        // ERNIE tells tasks apart; texts are those of the first.
        var hasTasks = checkpoint.Config.Flag("use_task_id", false);
        var names = Names(root);
        var config = ReadConfig(checkpoint.Config, firstPosition: 0);
        names = hasTasks ? names with { EveryRow = FirstTask } : names;
        return TextEncoder.Build(checkpoint, dtype, config, names, head);

        IReadOnlyList<CheckpointTensor> FirstTask(ITensorStore tensors) =>
        [
            new TensorRows(
                tensors.Require(
                    $"{root}.embeddings.task_type_embeddings.weight",
                    checkpoint.Config.FindSize("task_type_vocab_size") ?? 3,
                    config.Sizes.Hidden),
                0,
                1),
        ];
    }

    /// <summary>Names of an encoder whose parts are called as BERT's.</summary>
    /// <param name="root">What they begin with, empty for nothing.</param>
    internal static TextEncoderNames Names(string root)
    {
        var before = root.Length == 0 ? "" : $"{root}.";
        return new TextEncoderNames(
            Words: $"{before}embeddings.word_embeddings.weight",
            Positions: $"{before}embeddings.position_embeddings.weight",
            TokenTypes: $"{before}embeddings.token_type_embeddings.weight",
            EmbeddingNorm: $"{before}embeddings.LayerNorm",
            Layers: $"{before}encoder.layer",
            Layer)
        {
            MaskedWords = MaskedWords,
            Pooler = $"{before}pooler.dense",
            Classifier = new ClassifierHead($"{before}pooler.dense", "tanh", "classifier"),
        };
    }

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
