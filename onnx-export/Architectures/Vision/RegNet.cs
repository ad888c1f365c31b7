using Stip.Export.Blocks;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>RegNet: ResNet's bottlenecks as wide inside as outside, their middle in groups of channels; those of kind
/// <c>y</c> weigh channels by what the whole image has. It is written as other exporters write it, from pixels on, for
/// images of any size.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class RegNet(string name, VisionHead head) : IArchitecture
{
    private const string Root = "regnet";
    private const int Narrowing = 4;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseUnless("layer_type", "x", "y");
        var widths = config.Sizes("hidden_sizes") ?? [128, 192, 512, 1088];
        var depths = config.Sizes("depths") ?? [2, 6, 12, 2];
        if (depths.Count != widths.Count)
        {
            throw new RefusedException($"config.json: depths has {depths.Count} numbers, and hidden_sizes "
                + $"{widths.Count}; they must have as many");
        }

        var channels = config.FindSize("num_channels") ?? 3;
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, widths[^1], graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        var width = config.FindSize("embedding_size") ?? 32;
        var function = config.Text("hidden_act") ?? "relu";
        var layer = new ResidualImage(encoder, function);
        var image = layer.Normed(
            "start",
            $"{Root}.embedder.embedder",
            new Convolution(channels, width, Side: 3) { Step = 2, HasBias = false },
            encoder.Embeds,
            function);
        for (var stage = 0; stage < widths.Count; stage++)
        {
            var step = stage > 0 || config.Flag("downsample_in_first_stage", true) ? 2 : 1;
            for (var i = 0; i < depths[stage]; i++, (width, step) = (widths[stage], 1))
            {
                image = new Block(encoder, layer, $"stages.{stage}.{i}", $"{Root}.encoder.stages.{stage}.layers.{i}")
                {
                    Inputs = width,
                    Outputs = widths[stage],
                    Step = step,
                    Groups = Groups(config, widths[stage]),
                    Function = function,
                    WeighsChannels = config.Text("layer_type") != "x",
                }.Append(image);
            }
        }

        new ImageTail(encoder, config, head) { Classifier = "classifier.1", KeepsSides = true }.Append(image);
        return ImageTail.Model(encoder);
    }

    private static int Groups(ConfigJson config, int width)
    {
        var groups = Math.Max(1, width / (config.FindSize("groups_width") ?? 64));
        return width % groups == 0 ? groups : throw new RefusedException(
            $"config.json: groups_width makes {groups} groups, which must divide {width} channels");
    }

    private sealed class Block(EncoderGraph encoder, ResidualImage layer, string block, string tensor)
    {
        public required int Inputs { get; init; }

        public required int Outputs { get; init; }

        public required int Step { get; init; }

        public required int Groups { get; init; }

        public required string Function { get; init; }

        public required bool WeighsChannels { get; init; }

        public string Append(string image)
        {
            var last = WeighsChannels ? 3 : 2;
            var shortcut = Inputs != Outputs || Step != 1
                ? layer.Normed(
                    $"{block}.shortcut", $"{tensor}.shortcut", Plain(Inputs, side: 1) with { Step = Step }, image)
                : image;
            var made = layer.Normed($"{block}.0", $"{tensor}.layer.0", Plain(Inputs, side: 1), image, Function);
            made = layer.Normed(
                $"{block}.1",
                $"{tensor}.layer.1",
                Plain(Outputs, side: 3) with { Step = Step, Groups = Groups },
                made,
                Function);
            made = WeighsChannels ? Weighed($"{block}.weighed", $"{tensor}.layer.2.attention", made) : made;
            made = layer.Normed($"{block}.{last}", $"{tensor}.layer.{last}", Plain(Outputs, side: 1), made);
            return layer.Joined(block, made, shortcut);
        }

        private Convolution Plain(int inputs, int side) => new(inputs, Outputs, side) { HasBias = false };

        // Channels grow by what their means over the image say.
        private string Weighed(string name, string stored, string image)
        {
            var graph = encoder.Graph;
            var narrow = (int)Math.Round(Inputs / (double)Narrowing);
            var mean = graph.Add(
                "ReduceMean", $"{name}.mean", [image, graph.Shared("weighed.axes", 2, 3)],
                NodeAttribute.Int("keepdims", 1));
            var inner = graph.Add("Relu", $"{name}.act", [
                new Convolution(Outputs, narrow, Side: 1).Append(encoder, $"{name}.down", $"{stored}.0", mean)]);
            var shares = graph.Add("Sigmoid", $"{name}.shares", [
                new Convolution(narrow, Outputs, Side: 1).Append(encoder, $"{name}.up", $"{stored}.2", inner)]);
            return graph.Add("Mul", name, [image, shares]);
        }
    }
}
