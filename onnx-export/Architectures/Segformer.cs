using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

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

        var widths = Sizes(config, "hidden_sizes", [32, 64, 160, 256]);
        var channels = config.FindSize("num_channels") ?? 3;
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, widths[^1], graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        var images = Stages(encoder, config, widths, channels);
        if (head == VisionHead.Map)
        {
            AppendMap(encoder, config, widths, images);
        }
        else
        {
            AppendHead(encoder, config, images[^1]);
        }

        return new ExportedModel(
            encoder, widths[^1], widths[^1], int.MaxValue, IsTied: false, new Dictionary<string, CheckpointTensor>())
        {
            WholeGraphs = new Dictionary<string, ModelGraph> { ["model.onnx"] = encoder },
        };
    }

    private static IReadOnlyList<int> Sizes(ConfigJson config, string field, IReadOnlyList<int> otherwise)
    {
        var sizes = config.Sizes(field) ?? otherwise;
        var stages = config.FindSize("num_encoder_blocks") ?? 4;
        return sizes.Count >= stages ? [.. sizes.Take(stages)] : throw new RefusedException(
            $"config.json: {field} has {sizes.Count} numbers; num_encoder_blocks asks for {stages}");
    }

    // What every stage gives, the finest first.
    private static List<string> Stages(
        EncoderGraph encoder, ConfigJson config, IReadOnlyList<int> widths, int channels)
    {
        var (depths, heads) = (
            Sizes(config, "depths", [2, 2, 2, 2]), Sizes(config, "num_attention_heads", [1, 2, 5, 8]));
        var (patches, steps) = (Sizes(config, "patch_sizes", [7, 3, 3, 3]), Sizes(config, "strides", [4, 2, 2, 2]));
        var (coarser, ratios) = (
            Sizes(config, "sr_ratios", [8, 4, 2, 1]), Sizes(config, "mlp_ratios", [4, 4, 4, 4]));
        var images = new List<string> { encoder.Embeds };
        for (var stage = 0; stage < widths.Count; stage++)
        {
            images.Add(new MixStage(encoder, Root, stage)
            {
                Inputs = stage == 0 ? channels : widths[stage - 1],
                Width = widths[stage],
                Patch = patches[stage],
                Step = steps[stage],
                Layers = depths[stage],
                Heads = widths[stage] % heads[stage] == 0 ? heads[stage] : throw new RefusedException(
                    $"config.json: {heads[stage]} attention heads do not divide a hidden size of {widths[stage]}"),
                Reduction = coarser[stage],
                Inner = config.Width("mlp_ratios", (double)widths[stage] * ratios[stage]),
                Function = config.Text("hidden_act") ?? "gelu",
            }.Append(images[^1]));
        }

        return images[1..];
    }

    private void AppendHead(EncoderGraph encoder, ConfigJson config, string image)
    {
        var (graph, width) = (encoder.Graph, encoder.HiddenSize);
        if (head == VisionHead.Hidden)
        {
            graph.Append("", "Identity", "last_hidden_state/Identity", [image], [EncoderPorts.Hidden]);
            graph.AddOutput(
                EncoderPorts.Hidden, encoder.Weights.Dtype, "batch", width, "last_height", "last_width");
            return;
        }

        var labels = Labels.Read(config).Names.Count;
        var mean = graph.Add(
            "ReduceMean",
            "pooler/ReduceMean",
            [image, graph.AddConstant("pooler.axes", 2, 3)],
            NodeAttribute.Int("keepdims", 0));
        VisionEncoder.Declare(
            encoder,
            Linear.FromLinear(encoder, "head", mean, "classifier", width, labels, hasBias: true),
            labels);
    }

    // A logit for each label at every pixel of the finest stage.
    private static void AppendMap(
        EncoderGraph encoder, ConfigJson config, IReadOnlyList<int> widths, List<string> images)
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
