using Stip.Export.Blocks;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>ResNet: convolutions with shortcuts, plain blocks or bottlenecks. It is written as other exporters write
/// it, from pixels on, for images of any size.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class ResNet(string name, VisionHead head) : IArchitecture
{
    private const string Root = "resnet";

    // A bottleneck is that many times narrower than what it gives.
    private const int Reduction = 4;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var channels = config.FindSize("num_channels") ?? 3;
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, Widths(config)[^1], graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        new ImageTail(encoder, config, head) { Classifier = "classifier.1", KeepsSides = true }.Append(
            AppendImage(encoder, config));
        return ImageTail.Model(encoder);
    }

    /// <summary>Channels of the image after each stage.</summary>
    internal static IReadOnlyList<int> Widths(ConfigJson config) =>
        config.Sizes("hidden_sizes") ?? [256, 512, 1024, 2048];

    /// <summary>Appends everything but the head, under the names of this model.</summary>
    /// <param name="encoder">The graph, which begins with pixels.</param>
    /// <param name="config">What describes the network.</param>
    /// <returns>The image after the last stage.</returns>
    internal static string AppendImage(EncoderGraph encoder, ConfigJson config)
    {
        config.RefuseUnless("layer_type", "bottleneck", "basic");
        var (widths, depths) = (Widths(config), config.Sizes("depths") ?? [3, 4, 6, 3]);
        if (depths.Count != widths.Count)
        {
            throw new RefusedException($"config.json: depths has {depths.Count} numbers, and hidden_sizes "
                + $"{widths.Count}; they must have as many");
        }

        var width = config.FindSize("embedding_size") ?? 64;
        var function = config.Text("hidden_act") ?? "relu";
        var layer = new ResidualImage(encoder, function);
        var image = layer.Normed(
            "start",
            $"{Root}.embedder.embedder",
            new Convolution(config.FindSize("num_channels") ?? 3, width, Side: 7) { Step = 2, HasBias = false },
            encoder.Embeds,
            function);
        image = encoder.Graph.Add(
            "MaxPool",
            "start.pool",
            [image],
            NodeAttribute.Ints("kernel_shape", 3, 3),
            NodeAttribute.Ints("strides", 2, 2),
            NodeAttribute.Ints("pads", 1, 1, 1, 1));
        for (var stage = 0; stage < widths.Count; stage++)
        {
            var step = stage > 0 || config.Flag("downsample_in_first_stage", false) ? 2 : 1;
            for (var i = 0; i < depths[stage]; i++, (width, step) = (widths[stage], 1))
            {
                image = Block(
                    config,
                    layer,
                    $"stages.{stage}.{i}",
                    $"{Root}.encoder.stages.{stage}.layers.{i}",
                    (width, widths[stage], step),
                    image);
            }
        }

        return image;
    }

    private static string Block(
        ConfigJson config,
        ResidualImage layer,
        string block,
        string tensor,
        (int Inputs, int Outputs, int Step) sizes,
        string image)
    {
        var (inputs, outputs, step) = sizes;
        var (atFirst, narrow) = (config.Flag("downsample_in_bottleneck", false), outputs / Reduction);
        Convolution[] parts = config.Text("layer_type") == "basic"
            ? [new(inputs, outputs, Side: 3) { Step = step }, new(outputs, outputs, Side: 3)]
            :
            [
                new(inputs, narrow, Side: 1) { Step = atFirst ? step : 1 },
                new(narrow, narrow, Side: 3) { Step = atFirst ? 1 : step },
                new(narrow, outputs, Side: 1),
            ];
        var shortcut = inputs != outputs || step != 1
            ? layer.Normed(
                $"{block}.shortcut",
                $"{tensor}.shortcut",
                new Convolution(inputs, outputs, Side: 1) { Step = step, HasBias = false },
                image)
            : image;
        for (var i = 0; i < parts.Length; i++)
        {
            image = layer.Normed(
                $"{block}.{i}",
                $"{tensor}.layer.{i}",
                parts[i] with { HasBias = false },
                image,
                i + 1 < parts.Length ? "relu" : null);
        }

        return layer.Joined(block, image, shortcut);
    }
}
