using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>ELECTRA: BERT whose tables may be narrower than its layers, with heads of its own.</summary>
internal sealed class Electra(string name, TextHead head) : IArchitecture
{
    private static readonly TextEncoderNames Names = new(
        Words: "electra.embeddings.word_embeddings.weight",
        Positions: "electra.embeddings.position_embeddings.weight",
        TokenTypes: "electra.embeddings.token_type_embeddings.weight",
        EmbeddingNorm: "electra.embeddings.LayerNorm",
        Layers: "electra.encoder.layer",
        Bert.Layer)
    {
        MaskedWords = MaskedWords,
        Replaced = "discriminator_predictions",
        Classifier = new ClassifierHead("classifier.dense", "gelu", "classifier.out_proj"),
        Projection = "electra.embeddings_project",
    };

    /// <summary>The head of masked words, which ConvBERT shares.</summary>
    internal static MaskedWordsHead MaskedWords => new(
        "generator_predictions.dense",
        "generator_predictions.LayerNorm",
        "generator_lm_head.weight",
        "generator_lm_head.bias")
    {
        Activation = "gelu",
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "electra" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = Bert.ReadConfig(checkpoint.Config, firstPosition: 0);
        return TextEncoder.Build(
            checkpoint,
            dtype,
            config with { RowSize = checkpoint.Config.FindSize("embedding_size") ?? 128 },
            head == TextHead.Choice ? Names with { Choice = Chooser(checkpoint.Config) } : Names,
            head);
    }

    private static ClassifierHead Chooser(ConfigJson config)
    {
        config.RefuseUnless("summary_type", "first");
        var function = config.Text("summary_activation") ?? (config.Has("summary_activation") ? "" : "gelu");
        return new ClassifierHead(
            config.Flag("summary_use_proj", true) ? "sequence_summary.summary" : null, function, "classifier");
    }
}
