using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>PoolFormer: a pyramid whose pixels are mixed by the mean of their neighbours in place of attention. It is
/// written as other exporters write it, from pixels on, for images of any size.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class PoolFormer(string name, VisionHead head) : IArchitecture
{
    private const string Root = "poolformer";
    private const double Epsilon = 1e-5;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var stages = config.FindSize("num_encoder_blocks") ?? 4;
        var widths = Numbers(config, "hidden_sizes", [64, 128, 320, 512], stages);
        var (depths, patches) = (
            Numbers(config, "depths", [2, 2, 6, 2], stages), Numbers(config, "patch_sizes", [7, 3, 3, 3], stages));
        var (steps, pads) = (
            Numbers(config, "strides", [4, 2, 2, 2], stages), config.Integers("padding") ?? [2, 1, 1, 1]);
        if (pads.Count < stages || pads.Any(pad => pad < 0))
        {
            throw new RefusedException($"config.json: padding must have {stages} numbers of at least 0");
        }

        var channels = config.FindSize("num_channels") ?? 3;
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, widths[^1], graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        var image = encoder.Embeds;
        for (var stage = 0; stage < stages; stage++)
        {
            var (tensor, width) = ($"{Root}.encoder.block.{stage}", widths[stage]);
            image = new Convolution(stage == 0 ? channels : widths[stage - 1], width, patches[stage])
            {
                Step = steps[stage],
                Pad = pads[stage],
            }.Append(
                encoder,
                $"stages.{stage}.patches",
                $"{Root}.encoder.patch_embeddings.{stage}.projection",
                image);
            for (var layer = 0; layer < depths[stage]; layer++)
            {
                image = Layer(encoder, config, $"stages.{stage}.{layer}", $"{tensor}.{layer}", width, image);
            }
        }

        var isNormed = head == VisionHead.Classes;
        new ImageTail(encoder, config, head) { HasPooled = false }.Append(
            isNormed ? new ImageNorm(widths[^1], Epsilon).Append(encoder, "last_norm", "norm", image) : image);
        return ImageTail.Model(encoder);
    }

    private static IReadOnlyList<int> Numbers(
        ConfigJson config, string field, IReadOnlyList<int> otherwise, int stages) =>
        (config.Sizes(field) ?? otherwise) is var numbers && numbers.Count >= stages
            ? [.. numbers.Take(stages)]
            : throw new RefusedException(
                $"config.json: {field} has {numbers.Count} numbers; num_encoder_blocks asks for {stages}");

    private static string Layer(
        EncoderGraph encoder, ConfigJson config, string name, string tensor, int width, string image)
    {
        var (graph, norm) = (encoder.Graph, new ImageNorm(width, Epsilon));
        var normed = norm.Append(encoder, $"{name}.pool_norm", $"{tensor}.before_norm", image);
        var moved = graph.Add("Sub", $"{name}.pooled", [Pooled(encoder, config, $"{name}.pool", normed), normed]);
        image = Added("pool", moved);
        normed = norm.Append(encoder, $"{name}.mlp_norm", $"{tensor}.after_norm", image);
        var inner = config.Width("mlp_ratio", width * config.Positive("mlp_ratio", 4));
        var wide = Activation.Append(
            graph,
            config.Text("hidden_act") ?? "gelu",
            $"{name}.act",
            new Convolution(width, inner, Side: 1).Append(encoder, $"{name}.up", $"{tensor}.output.conv1", normed));
        return Added("mlp", new Convolution(inner, width, Side: 1).Append(
            encoder, $"{name}.down", $"{tensor}.output.conv2", wide));

        string Added(string part, string given)
        {
            if (config.Flag("use_layer_scale", true))
            {
                given = graph.Add("Mul", $"{name}.{part}_scaled", [given, ImageNorm.Vector(
                    encoder,
                    $"{name}.{part}_scale",
                    $"{tensor}.layer_scale_{(part == "pool" ? 1 : 2)}",
                    width)]);
            }

            return graph.Add("Add", $"{name}.{part}_sum", [image, given]);
        }
    }

    // Pixels beyond the edge do not count.
    private static string Pooled(EncoderGraph encoder, ConfigJson config, string name, string image)
    {
        var (side, pad) = (config.FindSize("pool_size") ?? 3, (config.FindSize("pool_size") ?? 3) / 2);
        return side % 2 == 1
            ? encoder.Graph.Add(
                "AveragePool",
                name,
                [image],
                NodeAttribute.Ints("kernel_shape", side, side),
                NodeAttribute.Ints("strides", 1, 1),
                NodeAttribute.Ints("pads", pad, pad, pad, pad),
                NodeAttribute.Int("count_include_pad", 0))
            : throw new RefusedException($"config.json: pool_size is {side}; it must be odd");
    }
}
