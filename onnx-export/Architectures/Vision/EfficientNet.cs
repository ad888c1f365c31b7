using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>EfficientNet: MobileNet's blocks whose channels are weighted by what the whole image shows. It is written
/// as other exporters write it, from pixels on, for images of any size.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class EfficientNet(string name, VisionHead head) : IArchitecture
{
    private const string Root = "efficientnet";
    private const int FirstWidth = 32;
    private const int LastWidth = 1280;

    private static readonly string[] Stages =
        ["in_channels", "out_channels", "kernel_sizes", "strides", "num_block_repeats", "expand_ratios"];

    private const string Defaults = """
        {"kernel_sizes": [3, 3, 5, 3, 5, 5, 3], "in_channels": [32, 16, 24, 40, 80, 112, 192],
         "out_channels": [16, 24, 40, 80, 112, 192, 320], "strides": [1, 2, 2, 2, 1, 2, 1],
         "num_block_repeats": [1, 2, 2, 3, 3, 4, 1], "expand_ratios": [1, 6, 6, 6, 6, 6, 6], "hidden_dim": 2560}
        """;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        config.RefuseUnless("pooling_type", "mean");
        var stages = Stages.ToDictionary(part => part, part => config.Sizes(part)!, StringComparer.Ordinal);
        if (stages.Values.Select(stage => stage.Count).Distinct().Count() != 1)
        {
            throw new RefusedException(
                $"config.json: {string.Join(", ", Stages)} must have as many numbers as one another");
        }

        var last = config.Size("hidden_dim");
        if (Width(config, LastWidth) != last)
        {
            throw new RefusedException(
                $"config.json: hidden_dim is {last}; it must be {LastWidth} by width_coefficient, "
                + $"{Width(config, LastWidth)}");
        }

        var channels = config.FindSize("num_channels") ?? 3;
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, last, graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        var layers = new Layers(encoder, config);
        var image = layers.Normed(
            "stem",
            $"{Root}.embeddings.convolution",
            $"{Root}.embeddings.batchnorm",
            new Convolution(channels, Width(config, FirstWidth), Side: 3) { Step = 2, Pad = 1, PadBefore = 0 },
            encoder.Embeds);
        var block = 0;
        for (var stage = 0; stage < stages["strides"].Count; stage++)
        {
            var outputs = Width(config, stages["out_channels"][stage]);
            var repeats = Math.Ceiling(config.Positive("depth_coefficient", 3.1) * stages["num_block_repeats"][stage]);
            for (var i = 0; i < config.Width("depth_coefficient", repeats); i++, block++)
            {
                image = layers.Block(
                    block,
                    i > 0 ? outputs : Width(config, stages["in_channels"][stage]),
                    outputs,
                    stages["expand_ratios"][stage],
                    stages["kernel_sizes"][stage],
                    i > 0 ? 1 : stages["strides"][stage],
                    isFirst: i == 0,
                    image);
            }
        }

        image = layers.Normed(
            "last",
            $"{Root}.encoder.top_conv",
            $"{Root}.encoder.top_bn",
            new Convolution(Width(config, stages["out_channels"][^1]), last, Side: 1),
            image);
        new ImageTail(encoder, config, head).Append(image);
        return ImageTail.Model(encoder);
    }

    // The nearest multiple of the divisor that is not a tenth narrower.
    private static int Width(ConfigJson config, int channels)
    {
        var divisor = config.FindSize("depth_divisor") ?? 8;
        var wanted = channels * config.Positive("width_coefficient", 2);
        var width = Math.Max(divisor, Math.Floor((Math.Floor(wanted + (divisor / 2.0))) / divisor) * divisor);
        return config.Width("width_coefficient", width < 0.9 * wanted ? width + divisor : width);
    }

    private sealed class Layers(EncoderGraph encoder, ConfigJson config)
    {
        private readonly GraphBuilder _graph = encoder.Graph;
        private readonly string _function = config.Text("hidden_act") ?? "swish";
        private readonly double _epsilon = config.Positive("batch_norm_eps", 0.001);
        private readonly double _share = config.Positive("squeeze_expansion_ratio", 0.25);
        private readonly IReadOnlyList<int> _even = config.Integers("depthwise_padding") ?? [];

        public string Block(
            int index, int inputs, int outputs, int growth, int side, int step, bool isFirst, string image)
        {
            var (name, tensor, wide) = ($"blocks.{index}", $"{Root}.encoder.blocks.{index}", inputs * growth);
            var made = growth == 1 ? image : Normed(
                $"{name}.up",
                $"{tensor}.expansion.expand_conv",
                $"{tensor}.expansion.expand_bn",
                new Convolution(inputs, wide, Side: 1),
                image);
            var near = Convolution.Apart(wide, side) with
            {
                Step = step,
                PadBefore = step == 2 && !_even.Contains(index) ? (side / 2) - 1 : null,
            };
            made = Normed(
                $"{name}.near",
                $"{tensor}.depthwise_conv.depthwise_conv",
                $"{tensor}.depthwise_conv.depthwise_norm",
                near,
                made);
            made = Weighted(name, $"{tensor}.squeeze_excite", wide, Math.Max(1, (int)(inputs * _share)), made);
            made = Normed(
                $"{name}.down",
                $"{tensor}.projection.project_conv",
                $"{tensor}.projection.project_bn",
                new Convolution(wide, outputs, Side: 1),
                made,
                isActive: false);
            return step == 1 && !isFirst ? _graph.Add("Add", $"{name}.sum", [made, image]) : made;
        }

        public string Normed(
            string name, string tensor, string norm, Convolution convolution, string image, bool isActive = true)
        {
            var made = (convolution with { HasBias = false }).Append(encoder, name, tensor, image);
            made = BatchNorm.Append(encoder, $"{name}.norm", norm, made, convolution.Outputs, _epsilon);
            return isActive ? Activation.Append(_graph, _function, $"{name}.act", made) : made;
        }

        // Every channel times a share that the means of all channels give.
        private string Weighted(string name, string tensor, int wide, int narrow, string image)
        {
            var mean = _graph.Add(
                "GlobalAveragePool", $"{name}.mean", [image]);
            var squeezed = Activation.Append(_graph, _function, $"{name}.squeezed", new Convolution(
                wide, narrow, Side: 1).Append(encoder, $"{name}.reduce", $"{tensor}.reduce", mean));
            var shares = _graph.Add("Sigmoid", $"{name}.shares", [new Convolution(narrow, wide, Side: 1).Append(
                encoder, $"{name}.expand", $"{tensor}.expand", squeezed)]);
            return _graph.Add("Mul", $"{name}.weighted", [image, shares]);
        }
    }
}
