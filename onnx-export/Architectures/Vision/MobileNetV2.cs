using Stip.Export.Blocks;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>MobileNet, version 2: blocks that are wide inside, with a kernel for each channel there. It is written as
/// other exporters write it, from pixels on, for images of any size.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class MobileNetV2(string name, VisionHead head) : IArchitecture
{
    private const string Root = "mobilenet_v2";
    private const int FirstWidth = 32;
    private const int LastWidth = 1280;

    // Fixed but for a factor that all have in common.
    private static readonly int[] Widths =
        [16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320];

    private static readonly int[] Steps = [2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1];

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        if ((config.FindSize("output_stride") ?? 32) is not 32 and var stride)
        {
            throw new RefusedException($"config.json: output_stride is {stride}; it must be 32");
        }

        var factor = config.Positive("depth_multiplier", 1);
        var divisor = config.FindSize("depth_divisible_by") ?? 8;
        var least = config.FindSize("min_depth") ?? 8;
        var sizes = new MobileWidths(divisor, least);
        int[] widths = [.. Widths.Select(width => Scaled(width))];
        var last = config.Flag("finegrained_output", true) && factor < 1 ? LastWidth : Scaled(LastWidth);
        var channels = config.FindSize("num_channels") ?? 3;
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, last, graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        var mobile = new MobileLayers(
            encoder, config.Text("hidden_act") ?? "relu6", config.Positive("expand_ratio", 6))
        {
            Widths = sizes,
            Epsilon = config.Positive("layer_norm_eps", 0.001),
            PadsEvenly = config.Switch("tf_padding", true),
        };
        var image = Start(mobile, config, encoder.Embeds, channels, Scaled(FirstWidth), widths[0]);
        for (var layer = 0; layer < Steps.Length; layer++)
        {
            image = mobile.Inverted(
                $"layers.{layer}", $"{Root}.layer.{layer}", widths[layer], widths[layer + 1], Steps[layer], image);
        }

        image = mobile.Convolved("last", $"{Root}.conv_1x1", new Convolution(widths[^1], last, Side: 1), image);
        new ImageTail(encoder, config, head).Append(image);
        return ImageTail.Model(encoder);

        int Scaled(int width) => sizes.Nearest(config.Width("depth_multiplier", Math.Round(width * factor)));
    }

    private static string Start(
        MobileLayers mobile, ConfigJson config, string pixels, int channels, int wide, int width)
    {
        const string Stem = $"{Root}.conv_stem";
        var image = mobile.Convolved(
            "stem", $"{Stem}.first_conv", new Convolution(channels, wide, Side: 3) { Step = 2 }, pixels);
        if (!config.Flag("first_layer_is_expansion", true))
        {
            image = mobile.Convolved("stem.up", $"{Stem}.expand_1x1", new Convolution(wide, wide, Side: 1), image);
        }

        image = mobile.Convolved("stem.near", $"{Stem}.conv_3x3", Convolution.Apart(wide, side: 3), image);
        return mobile.Convolved(
            "stem.down", $"{Stem}.reduce_1x1", new Convolution(wide, width, Side: 1), image, isActive: false);
    }
}
