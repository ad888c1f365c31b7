using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sound;

/// <summary>Wav2Vec2-BERT: pairs of spectrogram frames through layers of attention and convolutions. It is written as
/// other exporters write it, from spectrograms on.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Wav2Vec2Bert(string name, SoundHead head) : IArchitecture
{
    private const string Root = "wav2vec2_bert";
    private const string ModelName = "wav2vec2-bert";
    private const string Input = "input_features";

    public string Name => name;

    public string ModelType => head == SoundHead.Hidden ? ModelName : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseFlag("add_adapter");
        config.RefuseFlag("use_intermediate_ffn_before_adapter");
        config.RefuseUnless("position_embeddings_type", "relative_key");
        var sizes = new EncoderSizes(
            config.Size("hidden_size"),
            config.Size("intermediate_size"),
            config.Size("num_hidden_layers"),
            config.Size("num_attention_heads"),
            config.Text("hidden_act") ?? "swish",
            config.Positive("layer_norm_eps", 1e-5));
        var kernel = config.FindSize("conv_depthwise_kernel_size") ?? 31;
        if (kernel % 2 == 0)
        {
            throw new RefusedException($"config.json: conv_depthwise_kernel_size is {kernel}; it must be odd");
        }

        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, sizes.Hidden, graph => Frames(graph, config, sizes));
        var attention = new NearDistanceAttention(
            encoder,
            sizes,
            config.FindSize("left_max_position_embeddings") ?? 64,
            config.FindSize("right_max_position_embeddings") ?? 8);
        var layers = new ConformerLayers(encoder, sizes, attention.Append, kernel);
        List<string> states = [encoder.Embeds];
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            states.Add(layers.Append($"layers.{layer}", $"{Root}.encoder.layers.{layer}", states[^1]));
        }

        new SoundEnd(encoder, config).Append(head, states);
        return ExportedModel.FromSignals(encoder, config.FindSize("vocab_size") ?? 32);
    }

    private static string Frames(EncoderGraph encoder, ConfigJson config, EncoderSizes sizes)
    {
        const string Projection = $"{Root}.feature_projection";
        var width = config.FindSize("feature_projection_input_dim") ?? 160;
        var sound = encoder.Graph.AddInput(Input, encoder.Weights.Dtype, "batch", "frames", width);
        var normed = sizes.Norm.Append(
            encoder, "features.norm", $"{Projection}.layer_norm", sound, HeadPadding.None(width));
        return Linear.FromLinear(
            encoder, "features", normed, $"{Projection}.projection", width, sizes.Hidden, hasBias: true);
    }
}
