using Stip.Export.Architectures.Sequences;
using Stip.Export.Architectures.Vision;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Joined;

/// <summary>BLIP's captions: its tower for images, and a BERT that reads what it sees and writes. They are written as
/// Optimum writes encoders and decoders, from pixels and token ids on.</summary>
internal sealed class Blip : IArchitecture
{
    private const string TextDefaults = """
        {"vocab_size": 30524, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
         "num_attention_heads": 8, "max_position_embeddings": 512}
        """;

    public string Name => "BlipForConditionalGeneration";

    public string ModelType => "blip";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (encoder, width) = BlipVision.States(checkpoint.Tensors, Section("vision_config"), dtype);
        var part = checkpoint.Part(Section("text_config"), [("", "text_decoder.")]);
        return SequenceModel.Build(
            part, dtype, BertStates.Read(part, TextDefaults) with { StatesWidth = width }, encoder);

        ConfigJson Section(string name) => checkpoint.Config.Section(name)
            ?? throw new RefusedException($"config.json has no {name}; it must describe image and text");
    }
}
