using Stip.Export.Architectures.Sequences;
using Stip.Export.Architectures.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Joined;

/// <summary>An encoder of images and a decoder that writes what stands in them: TrOCR (ViT or DeiT with its own
/// decoder), Donut and Nougat (Swin with mBART's), captions (ViT with GPT-2). They are written as Optimum writes them,
/// from pixels and token ids on.</summary>
internal sealed class VisionEncoderDecoder : IArchitecture
{
    private const string Projection = "enc_to_dec_proj";

    public string Name => "VisionEncoderDecoderModel";

    public string ModelType => "vision-encoder-decoder";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (seen, written) = (Section("encoder"), Section("decoder"));
        var (encoder, width) = PixelStates.Build(
            new RenamedTensors(checkpoint.Tensors, [("", "encoder.")]), seen, dtype);
        var part = checkpoint.Part(written, [($"{Projection}.", $"{Projection}."), ("", "decoder.")]);
        part = part.With(StatesDecoder.Tensors(part.Tensors, written));
        var family = StatesDecoder.Read(part);
        var read = written.FindSize("cross_attention_hidden_size");
        if (read is { } asked && asked != width)
        {
            throw new RefusedException($"config.json: cross_attention_hidden_size is {asked}; it must be {width}, "
                + "the width of the encoder's rows");
        }

        return Blocks.Sequences.SequenceModel.Build(
            part,
            dtype,
            family with
            {
                StatesWidth = width,
                StatesProjection = read is null && width != family.Hidden ? Projection : null,
            },
            encoder);

        ConfigJson Section(string name) => checkpoint.Config.Section(name)
            ?? throw new RefusedException($"config.json has no {name}; it must describe the {name}");
    }
}
