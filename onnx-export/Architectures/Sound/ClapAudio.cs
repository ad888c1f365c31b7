using Stip.Export.Architectures.Vision;
using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Vision;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sound;

/// <summary>CLAP's tower for sounds: a spectrogram, drawn to a fixed length and folded into a square, goes through
/// Swin; the mean of its patches stands for the sound. Written as other exporters write it, from the spectrogram
/// on.</summary>
internal sealed class ClapAudio : IArchitecture
{
    private const string Tower = "audio_model.audio_encoder";
    private const string Swin = "clap";
    private const string Features = "input_features";
    private const string Embeds = "audio_embeds";
    private const double NormEpsilon = 1e-5;

    public string Name => "ClapAudioModelWithProjection";

    public string ModelType => "clap_audio_model";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"window_size": 8}""")
            .With(Heads(checkpoint.Config));
        config.RefuseFlag("enable_fusion");
        var tensors = new RenamedTensors(checkpoint.Tensors, [($"{Swin}.encoder.", $"{Tower}."), ("", "")]);
        var (width, side) = (config.FindSize("patch_embeds_hidden_size") ?? 96, config.FindSize("spec_size") ?? 256);
        var step = (config.Sizes("patch_stride") ?? [4])[0];
        var encoder = new EncoderGraph(tensors, dtype, width, graph => Start(graph, config, side, step));
        var rows = encoder.Embeds;
        var depths = config.Sizes("depths") ?? [2, 2, 6, 2];
        var (patches, stage) = (side / step, new SwinStage(encoder, config, Swin, isSecond: false));
        for (var i = 0; i < depths.Count; i++)
        {
            rows = stage.AppendBlocks(rows, i, depths[i], patches, patches, width);
            if (i + 1 < depths.Count)
            {
                rows = stage.AppendMerging(rows, i, patches, patches, width);
                (patches, width) = ((patches + 1) / 2, 2 * width);
            }
        }

        rows = Norm.Layer(NormEpsilon).Append(encoder, "final_norm", $"{Tower}.norm", rows, HeadPadding.None(width));
        Project(encoder, config, rows, width);
        return ImageTail.Model(encoder);
    }

    private static string Heads(ConfigJson config) =>
        $$"""{"num_heads": [{{string.Join(", ", config.Sizes("num_attention_heads") ?? [4, 8, 16, 32])}}]}""";

    // From the spectrogram, one row of frequencies for each moment, to patches.
    private static string Start(EncoderGraph encoder, ConfigJson config, int side, int step)
    {
        var (graph, bins) = (encoder.Graph, config.FindSize("num_mel_bins") ?? 64);
        if (side % bins != 0)
        {
            throw new RefusedException(
                $"config.json: spec_size is {side}; it must be a multiple of num_mel_bins ({bins})");
        }

        var folds = side / bins;
        var sound = graph.AddInput(Features, encoder.Weights.Dtype, "batch", 1, "moments", bins);
        var turned = graph.Add("Transpose", "sound.turned", [sound], NodeAttribute.Ints("perm", 0, 3, 2, 1));
        var normed = graph.Add(
            "Transpose",
            "sound.normed",
            [BatchNorm.Append(encoder, "sound.norm", $"{Tower}.batch_norm", turned, bins)],
            NodeAttribute.Ints("perm", 0, 3, 2, 1));
        var drawn = Images.Resized(
            graph,
            "sound.drawn",
            normed,
            graph.AddConstant("sound.sides", side * folds, bins),
            joinsCorners: true,
            isCubic: true);
        var folded = graph.Add("Reshape", "sound.folded", [
            drawn, graph.AddConstant("sound.folds", 0, folds, side, bins)]);
        var upright = graph.Add("Transpose", "sound.upright", [folded], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        var image = graph.Add("Reshape", "sound.image", [
            upright, graph.AddConstant("sound.square", 0, 1, side, side)]);
        var cut = config.FindSize("patch_size") ?? 4;
        var width = encoder.HiddenSize;
        var mixed = new Convolution(1, width, cut) { Step = step, Pad = (cut - step) / 2 }.Append(
            encoder, "patches", $"{Tower}.patch_embed.proj", image);
        var rows = Images.Rows(graph, "patches.rows", mixed, width);
        return config.Flag("enable_patch_layer_norm", true)
            ? Norm.Layer(NormEpsilon).Append(
                encoder, "patches.norm", $"{Tower}.patch_embed.norm", rows, HeadPadding.None(width))
            : rows;
    }

    private static void Project(EncoderGraph encoder, ConfigJson config, string rows, int width)
    {
        var (graph, space) = (encoder.Graph, config.FindSize("projection_dim") ?? 512);
        var mean = graph.Add(
            "ReduceMean",
            "pooler/ReduceMean",
            [rows, graph.AddConstant("pooler.axis", 1)],
            NodeAttribute.Int("keepdims", 0));
        var first = Activation.Append(
            graph,
            config.Text("projection_hidden_act") ?? "relu",
            "projection.act",
            Linear.FromLinear(
                encoder, "projection.0", mean, "audio_projection.linear1", width, space, hasBias: true));
        var sound = Linear.FromLinear(
            encoder, "projection.1", first, "audio_projection.linear2", space, space, hasBias: true);
        graph.Append("", "Identity", $"{Embeds}/Identity", [sound], [Embeds]);
        graph.AddOutput(Embeds, encoder.Weights.Dtype, "batch", space);
    }
}
