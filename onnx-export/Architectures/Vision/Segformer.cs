using Stip.Export.Blocks;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>SegFormer's encoder: a pyramid of stages. It is written as other exporters write it, from pixels on, for
/// images of any size.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Segformer(string name, VisionHead head) : IArchitecture
{
    private const string Root = "segformer.encoder";
    private const string Maps = "decode_head";

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? "segformer" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        if (!config.Flag("reshape_last_stage", true))
        {
            throw new RefusedException("config.json: reshape_last_stage is false; it must be true");
        }

        var pyramid = new MixPyramid(config, Root);
        var (widths, channels) = (pyramid.Widths, pyramid.Channels);
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, widths[^1], graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        var images = pyramid.Append(encoder);
        if (head == VisionHead.Map)
        {
            AppendMap(encoder, config, widths, images);
        }
        else
        {
            new ImageTail(encoder, config, head) { HasPooled = false }.Append(images[^1]);
        }

        return ImageTail.Model(encoder);
    }

    // A logit for each label at every pixel of the finest stage.
    private static void AppendMap(
        EncoderGraph encoder, ConfigJson config, IReadOnlyList<int> widths, IReadOnlyList<string> images)
    {
        var (graph, width) = (encoder.Graph, config.FindSize("decoder_hidden_size") ?? 256);
        var sides = Images.Sides(graph, "map.sides", images[0]);
        var drawn = images.Select((image, stage) =>
        {
            var (name, tensor) = ($"map.{stage}", $"{Maps}.linear_c.{stage}.proj");
            var even = new Convolution(widths[stage], width, Side: 1).Append(
                encoder,
                name,
                image,
                encoder.Tensors.Require($"{tensor}.weight", width, widths[stage]),
                encoder.Tensors.Require($"{tensor}.bias", width));
            return stage == 0 ? even : Images.Resized(graph, $"{name}.drawn", even, sides);
        });
        var all = graph.Add("Concat", "map/Concat", [.. drawn.Reverse()], NodeAttribute.Int("axis", 1));
        var fused = new Convolution(images.Count * width, width, Side: 1) { HasBias = false }.Append(
            encoder, "map.fused", $"{Maps}.linear_fuse", all);
        var normed = BatchNorm.Append(encoder, "map.norm", $"{Maps}.batch_norm", fused, width);
        var labels = Labels.Read(config).Names.Count;
        var scores = new Convolution(width, labels, Side: 1).Append(
            encoder, "map.scores", $"{Maps}.classifier", graph.Add("Relu", "map.act", [normed]));
        graph.Append("", "Identity", "head/Identity", [scores], [EncoderPorts.Logits]);
        graph.AddOutput(EncoderPorts.Logits, encoder.Weights.Dtype, "batch", labels, "map_height", "map_width");
    }
}
