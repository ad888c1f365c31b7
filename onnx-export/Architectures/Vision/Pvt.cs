using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>PVT, version 1: a pyramid of ViTs whose keys are those of a coarser image, with positions at every stage
/// and a class token at the last. It is written as other exporters write it, from pixels on.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Pvt(string name, VisionHead head) : IArchitecture
{
    private const string Root = "pvt.encoder";
    private const string Defaults = """
        {"hidden_sizes": [64, 128, 320, 512], "patch_sizes": [4, 2, 2, 2], "mlp_ratios": [8, 8, 4, 4]}
        """;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? "pvt" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        var pyramid = new MixPyramid(config, Root)
        {
            Epsilon = config.Positive("layer_norm_eps", 1e-6),
            HasQkvBias = config.Flag("qkv_bias", true),
            MixesNeighbours = false,
            Reductions = "sequence_reduction_ratios",
        };
        var side = config.FindSize("image_size") ?? 224;
        var encoder = new EncoderGraph(
            checkpoint.Tensors, dtype, pyramid.Widths[^1], graph => graph.Graph.AddInput(
                EncoderPorts.Pixels, dtype, "batch", pyramid.Channels, side, side));
        var (image, rows, across) = (encoder.Embeds, "", side);
        for (var stage = 0; stage < pyramid.Widths.Count; stage++)
        {
            var isLast = stage + 1 == pyramid.Widths.Count;
            (rows, across) = Start(encoder, config, pyramid, stage, across, isLast, image);
            var sides = encoder.Graph.Shared($"stages.{stage}.sides", across, across);
            rows = pyramid.Stage(encoder, stage).AppendLayers(rows, sides);
            image = isLast ? "" : Images.OfRows(
                encoder.Graph, $"stages.{stage}.image", rows, pyramid.Widths[stage], sides);
        }

        rows = Norm.Layer(pyramid.Epsilon).Append(encoder, "last_norm", $"{Root}.layer_norm", rows);
        if (head == VisionHead.Classes)
        {
            new ClassifierHead(Dense: null, Activation: "", "classifier").Append(
                encoder, FirstRow.Append(encoder, rows), Labels.Read(config).Names.Count);
        }
        else
        {
            HiddenRows.Append(encoder, rows);
        }

        return ImageTail.Model(encoder);
    }

    // Rows of a stage, and how many of them are side by side.
    private static (string Rows, int Across) Start(
        EncoderGraph encoder, ConfigJson config, MixPyramid pyramid, int stage, int across, bool isLast, string image)
    {
        var (graph, width) = (encoder.Graph, pyramid.Widths[stage]);
        var (name, tensor) = ($"stages.{stage}.patches", $"{Root}.patch_embeddings.{stage}");
        var patch = MixPyramid.Numbers(config, "patch_sizes", [4, 2, 2, 2])[stage];
        if (MixPyramid.Numbers(config, "strides", [4, 2, 2, 2])[stage] != patch || across % patch != 0)
        {
            throw new RefusedException($"config.json: patches of {patch} at stage {stage} of this PVT must divide an "
                + $"image of {across} × {across}, and strides be patch_sizes");
        }

        across /= patch;
        var count = across * across;
        var patches = new Convolution(stage == 0 ? pyramid.Channels : pyramid.Widths[stage - 1], width, patch)
        {
            Step = patch,
            Pad = 0,
        }.Append(encoder, name, $"{tensor}.projection", image);
        var rows = Norm.Layer(pyramid.Epsilon).Append(
            encoder,
            $"{name}.norm",
            $"{tensor}.layer_norm",
            Images.Rows(graph, $"{name}.rows", patches, width),
            HeadPadding.None(width));
        var first = isLast ? 1 : 0;
        var positions = new ReshapedTensor(
            encoder.Tensors.Require($"{tensor}.position_embeddings", 1, count + first, width), [count + first, width]);
        rows = graph.Add("Add", $"{name}.placed", [rows, encoder.AddWeight(
            $"{name}.positions",
            encoder.Weights.Rows([1, count, width], [new TensorRows(positions, first, count)], 1))]);
        return (!isLast ? rows : LeadingToken.Append(
            encoder,
            encoder.Tensors.Require($"{tensor}.cls_token", 1, 1, width),
            new TensorRows(positions, 0, 1),
            rows,
            EncoderPorts.Pixels,
            width), across);
    }
}
