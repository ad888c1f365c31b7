using Stip.Export.Architectures.Encoders;
using Stip.Export.Blocks;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sequences;

/// <summary>FSMT, fairseq's translators of WMT 19: BART without norms of what enters the first layers, positions as
/// waves, and a vocabulary for each language.</summary>
internal sealed class Fsmt : IArchitecture
{
    public string Name => "FSMTForConditionalGeneration";

    public string ModelType => "fsmt";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var (read, written) = (
            Side(checkpoint, "encoder", config.Size("src_vocab_size")),
            Side(checkpoint, "decoder", config.Size("tgt_vocab_size")));
        _ = BartStack.HeadDim(read.Hidden, read.Decoder, written.Decoder);
        return SequenceModel.Build(
            checkpoint,
            dtype,
            written,
            SequenceModel.Encoder(checkpoint.Tensors, dtype, read with { Encoder = read.Decoder }));
    }

    private static SequenceFamily Side(Checkpoint checkpoint, string side, int vocabulary)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        var hidden = config.Size("d_model");
        NotePositions(tensors, side);
        var layers = BartStack.Layers(config, side) with
        {
            Positions = WavePositions.OfFairseq(
                config.FindSize("max_position_embeddings") ?? 1024, hidden, Roberta.FirstPosition(config)),
        };
        var headDim = BartStack.HeadDim(hidden, layers, layers);
        const string head = "model.decoder.output_projection.weight";
        var words = SequenceTables.Words(
            tensors, vocabulary, hidden, head, $"model.{side}.embed_tokens.weight");
        return new SequenceFamily(
            hidden,
            headDim,
            vocabulary,
            Norm.Layer(1e-5),
            config.Text("activation_function") ?? "relu",
            Encoder: null,
            layers)
        {
            IsPreNorm = false,
            HasBiases = true,
            Scale = 1 / Math.Sqrt(headDim),
            Words = words,
            WordScale = config.Flag("scale_embedding", true) ? Math.Sqrt(hidden) : 1,
            // Tied by its definition, whatever the flag says, which is of the two languages.
            Head = side == "decoder" ? SequenceTables.Head(tensors, head, words, isTied: true) : words,
        };
    }

    // Older files hold the waves, which are computed.
    private static void NotePositions(ITensorStore tensors, string side) =>
        tensors.Has($"model.{side}.embed_positions.weight");
}
