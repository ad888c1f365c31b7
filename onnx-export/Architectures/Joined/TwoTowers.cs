using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Joined;

/// <summary>A model of a tower for texts and one for images that end in one space: one of them is exported.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
/// <param name="text">The tower for texts.</param>
/// <param name="vision">The tower for images.</param>
internal sealed class TwoTowers(string name, string modelType, IArchitecture text, IArchitecture vision) : IArchitecture
{
    public string Name => name;

    public string ModelType => modelType;

    /// <summary>Width of the space where config.json does not say it.</summary>
    public int DefaultProjection { get; init; } = 512;

    /// <summary>What the names of both towers begin with; heads beside them are without it.</summary>
    public string Root { get; init; } = "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype) => checkpoint.Tower switch
    {
        "text" => text.Build(Part(checkpoint, "text_config"), dtype),
        "vision" => vision.Build(Part(checkpoint, "vision_config"), dtype),
        _ => throw new RefusedException(
            $"{name} has two towers, and a graph holds one; give --tower text or --tower vision"),
    };

    private Checkpoint Part(Checkpoint whole, string section)
    {
        var config = whole.Config.Section(section)
            ?? throw new RefusedException($"config.json has no {section}; it must describe both towers");
        var projection = whole.Config.FindSize("projection_dim") ?? DefaultProjection;
        return whole.Part(config.With($$"""{"projection_dim": {{projection}}}"""), [("", Root), ("", "")]);
    }
}
