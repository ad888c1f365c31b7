using Stip.Export.Blocks;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sequences;

/// <summary>Whisper: a spectrogram through convolutions, then BART's layers with norms before each part and keys
/// without biases.</summary>
internal sealed class Whisper : IArchitecture
{
    private const string Encoder = "model.encoder";
    private const string Decoder = "model.decoder";
    private const string HeadName = "proj_out.weight";

    public string Name => "WhisperForConditionalGeneration";

    public string ModelType => "whisper";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        var (hidden, vocabulary) = (config.Size("d_model"), config.Size("vocab_size"));
        var rows = config.FindSize("max_source_positions") ?? 1500;
        var positions = config.FindSize("max_target_positions") ?? 448;
        var words = SequenceTables.Words(
            tensors, vocabulary, hidden, HeadName, $"{Decoder}.embed_tokens.weight");
        var sound = new SoundStart(
            config.FindSize("num_mel_bins") ?? 80,
            rows,
            Encoder,
            tensors.Require($"{Encoder}.embed_positions.weight", rows, hidden));
        var encoder = WithoutKeyBiases(BartStack.Layers(config, "encoder")) with { LastNorm = $"{Encoder}.layer_norm" };
        var decoder = WithoutKeyBiases(BartStack.Layers(config, "decoder")) with
        {
            Positions = tensors.Require($"{Decoder}.embed_positions.weight", positions, hidden),
            LastNorm = $"{Decoder}.layer_norm",
        };
        var headDim = BartStack.HeadDim(hidden, encoder, decoder);
        return SequenceModel.Build(checkpoint, dtype, new SequenceFamily(
            hidden,
            headDim,
            vocabulary,
            Norm.Layer(1e-5),
            config.Text("activation_function") ?? "gelu",
            encoder,
            decoder)
        {
            IsPreNorm = true,
            HasBiases = true,
            Scale = 1 / Math.Sqrt(headDim),
            Words = words,
            Head = SequenceTables.Head(tensors, HeadName, words, config.Flag("tie_word_embeddings", true)),
            IsMasked = false,
            Start = sound.Append,
        });
    }

    private static SequenceStack WithoutKeyBiases(SequenceStack stack) => stack with
    {
        Own = stack.Own with { HasKeyBias = false },
        Cross = stack.Cross is { } cross ? cross with { HasKeyBias = false } : null,
    };
}
