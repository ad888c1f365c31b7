using Stip.Export.Blocks;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>MobileNet, version 1: a kernel for each channel and a matrix over channels, in turns. It is written as
/// other exporters write it, from pixels on, for images of any size.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class MobileNetV1(string name, VisionHead head) : IArchitecture
{
    private const string Root = "mobilenet_v1";
    private const int FirstWidth = 32;

    private static readonly int[] Steps = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1];

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var widths = Widths(config);
        var channels = config.FindSize("num_channels") ?? 3;
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, widths[^1], graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        var mobile = new MobileLayers(encoder, config.Text("hidden_act") ?? "relu6", growth: 1)
        {
            Epsilon = config.Positive("layer_norm_eps", 0.001),
            PadsEvenly = config.Switch("tf_padding", true),
        };
        var image = mobile.Convolved(
            "stem", $"{Root}.conv_stem", new Convolution(channels, widths[0], Side: 3) { Step = 2 }, encoder.Embeds);
        for (var layer = 0; layer < Steps.Length; layer++)
        {
            image = mobile.Convolved(
                $"layers.{layer}.near",
                $"{Root}.layer.{2 * layer}",
                Convolution.Apart(widths[layer], side: 3) with { Step = Steps[layer] },
                image);
            image = mobile.Convolved(
                $"layers.{layer}.mixed",
                $"{Root}.layer.{(2 * layer) + 1}",
                new Convolution(widths[layer], widths[layer + 1], Side: 1),
                image);
        }

        new ImageTail(encoder, config, head).Append(image);
        return ImageTail.Model(encoder);
    }

    // Twice as wide at the first layer and at each that halves the image.
    private static List<int> Widths(ConfigJson config)
    {
        var (factor, least) = (config.Positive("depth_multiplier", 1), config.FindSize("min_depth") ?? 8);
        var depth = FirstWidth;
        var widths = new List<int> { Width() };
        for (var layer = 0; layer < Steps.Length; layer++)
        {
            depth *= layer == 0 || Steps[layer] == 2 ? 2 : 1;
            widths.Add(Width());
        }

        return widths;

        int Width() => config.Width("depth_multiplier", Math.Max((int)Math.Min(depth * factor, int.MaxValue), least));
    }
}
