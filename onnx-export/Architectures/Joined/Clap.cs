using Stip.Export.Architectures.Encoders;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Joined;

/// <summary>CLAP, a tower for texts and one for sounds that end in one space: the one for texts.</summary>
internal sealed class Clap : IArchitecture
{
    public string Name => "ClapModel";

    public string ModelType => "clap";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.Section("text_config")
            ?? throw new RefusedException("config.json has no text_config; it must describe both towers");
        return checkpoint.Tower == "text"
            ? new ClapText().Build(checkpoint.Part(config, [("", "")]), dtype)
            : throw new RefusedException("ClapModel has a tower for sounds, which is not supported, and one for texts; "
                + "give --tower text");
    }
}
