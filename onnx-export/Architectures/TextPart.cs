using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>The decoder of a model that also sees, for text alone: its own configuration, its tensors among those of
/// the whole.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class TextPart(string name, string modelType) : IArchitecture
{
    /// <summary>What the published files of Gemma 3 leave out.</summary>
    public const string OfGemma3 = """
        {"vocab_size": 262208, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
         "max_position_embeddings": 131072}
        """;

    // Those of published checkpoints, of current transformers, and of models that have no part of their own for text.
    private static readonly (string, string)[] Prefixes =
    [
        ("model.", "language_model.model."), ("lm_head.", "language_model.lm_head."),
        ("model.", "model.language_model."), ("model.", "model."), ("lm_head.", "lm_head."),
    ];

    public string Name => name;

    public string ModelType => modelType;

    /// <summary>What the decoder is, null where its own configuration says so.</summary>
    public IArchitecture? Text { get; init; }

    /// <summary>Fields of the decoder's configuration where it leaves them out, a JSON object.</summary>
    public string? Defaults { get; init; }

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var text = config.Section("text_config") ?? config;
        var part = checkpoint.Part(Defaults is null ? text : text.WithDefaults(Defaults), Prefixes);
        return (Text ?? SupportedArchitectures.Of(part.Config)).Build(part, dtype);
    }
}
