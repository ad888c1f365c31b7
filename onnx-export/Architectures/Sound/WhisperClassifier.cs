using Stip.Export.Blocks;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sound;

/// <summary>The encoder of Whisper as a classifier of sounds (languages, commands): the mean of its projected frames is
/// classified.</summary>
internal sealed class WhisperClassifier : IArchitecture
{
    private const string Root = "encoder";

    private static readonly EncoderLayerNames Layer = new(
        Query: "self_attn.q_proj",
        Key: "self_attn.k_proj",
        Value: "self_attn.v_proj",
        Output: "self_attn.out_proj",
        AttentionNorm: "self_attn_layer_norm",
        Up: "fc1",
        Down: "fc2",
        FeedForwardNorm: "final_layer_norm")
    {
        HasKeyBias = false,
    };

    public string Name => "WhisperForAudioClassification";

    // That is the whole model's.
    public string ModelType => "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        var sizes = new EncoderSizes(
            config.Size("d_model"),
            config.Size("encoder_ffn_dim"),
            config.Size("encoder_layers"),
            config.Size("encoder_attention_heads"),
            config.Text("activation_function") ?? "gelu",
            NormEpsilon: 1e-5);
        var rows = config.FindSize("max_source_positions") ?? 1500;
        var sound = new SoundStart(
            config.FindSize("num_mel_bins") ?? 80,
            rows,
            Root,
            tensors.Require($"{Root}.embed_positions.weight", rows, sizes.Hidden));
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, sound.Append);
        var layers = new EncoderLayers(encoder, sizes, Layer, $"{Root}.layers");
        var stream = new ResidualStream(encoder, encoder.Embeds);
        List<string> states = [encoder.Embeds];
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            layers.AppendPreNorm(stream, layer);
            // Sums that nobody reads are left to the norms.
            if (layer + 1 < sizes.Layers && config.Flag("use_weighted_layer_sum", false))
            {
                states.Add(stream.Sum($"layers.{layer}.frames"));
            }
        }

        states.Add(stream.Through(sizes.Norm, "final_norm", $"{Root}.layer_norm"));
        new SoundEnd(encoder, config).Append(SoundHead.Classes, states);
        return new ExportedModel(
            encoder,
            sizes.Hidden,
            config.FindSize("vocab_size") ?? 51865,
            int.MaxValue,
            IsTied: false,
            new Dictionary<string, CheckpointTensor>())
        {
            WholeGraphs = new Dictionary<string, ModelGraph> { ["vision.onnx"] = encoder },
        };
    }
}
