using Stip.Export.Architectures.Sequences;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Joined;

/// <summary>BERT or RoBERTa that reads a text and a second one (or GPT-2) that writes another (arXiv 1907.12461). It is
/// written as Optimum writes it, from token ids on.</summary>
internal sealed class EncoderDecoder : IArchitecture
{
    private const string Projection = "enc_to_dec_proj";

    public string Name => "EncoderDecoderModel";

    public string ModelType => "encoder-decoder";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (read, written) = (Section("encoder"), Section("decoder"));
        var source = checkpoint.Part(read, [("", "encoder.")]);
        NotePooler(source.Tensors);
        var encoder = BertStates.ReadEncoder(source, StatesDecoder.Bert);
        var part = checkpoint.Part(written, [($"{Projection}.", $"{Projection}."), ("", "decoder.")]);
        part = part.With(StatesDecoder.Tensors(part.Tensors, written));
        var family = StatesDecoder.Read(part);
        var width = encoder.Hidden;
        return SequenceModel.Build(
            part,
            dtype,
            family with
            {
                IsMasked = true,
                StatesWidth = width,
                StatesProjection = width != family.Hidden ? Projection : null,
            },
            SequenceModel.Encoder(source.Tensors, dtype, encoder));

        ConfigJson Section(string name) => checkpoint.Config.Section(name)
            ?? throw new RefusedException($"config.json has no {name}; it must describe the {name}");
    }

    // Saved with the encoder, and of no use to a decoder.
    private static void NotePooler(ITensorStore tensors)
    {
        foreach (var part in new[] { "weight", "bias" })
        {
            tensors.Has($"pooler.dense.{part}");
        }
    }
}
