using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>The decoder of a model that also sees or hears, for text alone: its own configuration, its tensors among
/// those of the whole.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class TextPart(string name, string modelType) : IArchitecture
{
    // Those of published checkpoints, of current transformers, and of models that have no part of their own for text.
    private static readonly (string, string)[] Prefixes =
    [
        ("model.", "language_model.model."), ("lm_head.", "language_model.lm_head."),
        ("model.", "model.language_model."), ("model.", "model.text_model."),
        ("lm_head.", "lm_head."), ("model.", "model."), ("output.", "language_model.output."),
        ("model.", "text_model.model."), ("lm_head.", "text_model.lm_head."),
        ("model.", "thinker.model."), ("lm_head.", "thinker.lm_head."),
    ];

    public string Name => name;

    public string ModelType => modelType;

    /// <summary>What the decoder is, null where its own configuration says so.</summary>
    public IArchitecture? Text { get; init; }

    /// <summary>Its <c>model_type</c> where its configuration does not say it; null for that of the whole.</summary>
    public string? Kind { get; init; }

    /// <summary>Fields of its configuration that the whole gives other values where they are left out.</summary>
    public string Defaults { get; init; } = "{}";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        (checkpoint.Tensors as AdaptedTensors)?.AlsoSees();

        // Models that also speak have a part that does not.
        var config = checkpoint.Config.Section("thinker_config") ?? checkpoint.Config;
        var text = (config.Section("text_config") ?? config.Section("llm_config") ?? config).WithDefaults(Defaults);
        var tensors = checkpoint.Part(text, Prefixes).Tensors;
        var hasHead = tensors.Has("lm_head.weight") || tensors.Has("output.weight");
        var part = checkpoint.Part(TextDefaults.Complete(text, Kind ?? modelType, hasHead), Prefixes);
        return (Text ?? SupportedArchitectures.OfPart(part.Config)).Build(part, dtype);
    }
}
