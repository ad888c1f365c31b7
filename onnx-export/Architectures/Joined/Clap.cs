using Stip.Export.Architectures.Encoders;
using Stip.Export.Architectures.Sound;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Joined;

/// <summary>CLAP, a tower for texts and one for sounds that end in one space: one of them is exported.</summary>
internal sealed class Clap : IArchitecture
{
    public string Name => "ClapModel";

    public string ModelType => "clap";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        return checkpoint.Tower switch
        {
            "text" => new ClapText().Build(Part("text_config"), dtype),
            "audio" => new ClapAudio().Build(Part("audio_config"), dtype),
            _ => throw new RefusedException(
                "ClapModel has two towers, and a graph holds one; give --tower text or --tower audio"),
        };

        Checkpoint Part(string section) => checkpoint.Part(
            checkpoint.Config.Section(section)
                ?? throw new RefusedException($"config.json has no {section}; it must describe both towers"),
            [("", "")]);
    }
}
