using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>ConvNeXt, versions 1 and 2 and DINOv3's: stages of wide convolutions, one kernel for each channel, and a
/// feed-forward part at every pixel. It is written as other exporters write it, from pixels on, for images of any
/// size.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="root">What the names of its tensors begin with, and its <c>model_type</c>.</param>
/// <param name="head">What it ends in.</param>
internal sealed class ConvNext(string name, string root, VisionHead head) : IArchitecture
{
    // Fixed but for the last norm.
    private const double InnerEpsilon = 1e-6;
    private const int Kernel = 7;

    /// <summary>DINOv3's, which has names of its own.</summary>
    internal const string Dinov3 = "dinov3_convnext";

    private static readonly LaterNames Later = new(
        [$"{Dinov3}.", "model."],
        [
            ("embeddings.patch_embeddings.", "stages.0.downsample_layers.0."),
            ("embeddings.layernorm.", "stages.0.downsample_layers.1."),
            ("encoder.stages.", "stages."),
            (".downsampling_layer.", ".downsample_layers."),
            (".dwconv.", ".depthwise_conv."),
            (".pwconv", ".pointwise_conv"),
            (".layer_scale_parameter", ".gamma"),
            ("layernorm.", "layer_norm."),
        ]);

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var widths = config.Sizes("hidden_sizes") ?? [96, 192, 384, 768];
        var depths = config.Sizes("depths") ?? [3, 3, 9, 3];
        if (config.FindSize("num_stages") is { } stages && stages != widths.Count)
        {
            throw new RefusedException(
                $"config.json: num_stages is {stages}; it must be {widths.Count}, as many as hidden_sizes has");
        }

        if (depths.Count != widths.Count)
        {
            throw new RefusedException($"config.json: depths has {depths.Count} numbers, and hidden_sizes "
                + $"{widths.Count}; they must have as many");
        }

        var patch = config.FindSize("patch_size") ?? 4;
        var channels = config.FindSize("num_channels") ?? 3;
        var tensors = root == Dinov3 ? Later.Of(checkpoint.Tensors) : checkpoint.Tensors;
        var encoder = new EncoderGraph(tensors, dtype, widths[^1], graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        var image = new Convolution(channels, widths[0], patch) { Step = patch, Pad = 0 }.Append(
            encoder, "patches", $"{root}.embeddings.patch_embeddings", encoder.Embeds);
        var rows = Normed(
            encoder,
            "patches.norm",
            $"{root}.embeddings.layernorm",
            widths[0],
            Turned(encoder, "patches.rows", true, image));
        image = Turned(encoder, "patches.image", false, rows);
        for (var stage = 0; stage < widths.Count; stage++)
        {
            image = Stage(
                encoder, config, stage, widths[Math.Max(stage - 1, 0)], widths[stage], depths[stage], image);
        }

        AppendHead(encoder, config, image);
        return ImageTail.Model(encoder);
    }

    private string Stage(
        EncoderGraph encoder, ConfigJson config, int stage, int inputs, int width, int depth, string image)
    {
        var tensor = $"{root}.encoder.stages.{stage}";
        if (stage > 0)
        {
            var normed = Normed(
                encoder,
                $"stages.{stage}.norm",
                $"{tensor}.downsampling_layer.0",
                inputs,
                Turned(encoder, $"stages.{stage}.rows", true, image));
            image = new Convolution(inputs, width, Side: 2) { Step = 2, Pad = 0 }.Append(
                encoder,
                $"stages.{stage}.half",
                $"{tensor}.downsampling_layer.1",
                Turned(encoder, $"stages.{stage}.image", false, normed));
        }

        for (var layer = 0; layer < depth; layer++)
        {
            image = Layer(encoder, config, $"stages.{stage}.{layer}", $"{tensor}.layers.{layer}", width, image);
        }

        return image;
    }

    private string Layer(
        EncoderGraph encoder, ConfigJson config, string layer, string tensor, int width, string image)
    {
        var graph = encoder.Graph;
        var near = Convolution.Apart(width, Kernel).Append(encoder, $"{layer}.near", $"{tensor}.dwconv", image);
        var normed = Normed(
            encoder, $"{layer}.norm", $"{tensor}.layernorm", width, Turned(encoder, $"{layer}.rows", true, near));
        var wide = Linear.FromLinear(
            encoder, $"{layer}.up", normed, $"{tensor}.pwconv1", width, 4 * width, hasBias: true);
        wide = Activation.Append(graph, config.Text("hidden_act") ?? "gelu", $"{layer}.act", wide);
        wide = root == "convnextv2" ? Responses(encoder, $"{layer}.responses", $"{tensor}.grn", 4 * width, wide) : wide;
        var given = Linear.FromLinear(
            encoder, $"{layer}.down", wide, $"{tensor}.pwconv2", 4 * width, width, hasBias: true);
        if (root == Dinov3 || (root == "convnext" && config.Switch("layer_scale_init_value", true)))
        {
            given = graph.Add("Mul", $"{layer}.scaled", [given, Vector(
                encoder, $"{layer}.scale", $"{tensor}.layer_scale_parameter", width, [width])]);
        }

        return graph.Add("Add", $"{layer}.sum", [image, Turned(encoder, $"{layer}.image", false, given)]);
    }

    // Version 2: channels that answer more strongly than others over the whole image grow.
    private static string Responses(EncoderGraph encoder, string layer, string tensor, int width, string rows)
    {
        var graph = encoder.Graph;
        var size = graph.Add(
            "ReduceL2", $"{layer}.size", [rows, graph.Shared("responses.places", 1, 2)],
            NodeAttribute.Int("keepdims", 1));
        var mean = graph.Add(
            "ReduceMean", $"{layer}.mean", [size, graph.Shared("responses.channels", -1)],
            NodeAttribute.Int("keepdims", 1));
        var share = graph.Add("Div", $"{layer}.share", [
            size, graph.Add("Add", $"{layer}.least", [mean, encoder.SharedScalar("responses.epsilon", InnerEpsilon)])]);
        var grown = graph.Add("Add", $"{layer}.grown", [
            graph.Add("Mul", $"{layer}.factor", [
                Vector(encoder, $"{layer}.weight", $"{tensor}.weight", width, [1, 1, 1, width]),
                graph.Add("Mul", $"{layer}.answer", [rows, share])]),
            Vector(encoder, $"{layer}.bias", $"{tensor}.bias", width, [1, 1, 1, width])]);
        return graph.Add("Add", layer, [grown, rows]);
    }

    private static string Vector(EncoderGraph encoder, string layer, string tensor, int width, long[] shape) =>
        encoder.AddWeight(layer, encoder.Weights.Vector((
            new ReshapedTensor(encoder.Tensors.Require(tensor, shape), [width]), HeadPadding.None(width))));

    private static string Normed(EncoderGraph encoder, string layer, string tensor, int width, string rows) =>
        Norm.Layer(InnerEpsilon).Append(encoder, layer, tensor, rows, HeadPadding.None(width));

    private static string Turned(EncoderGraph encoder, string layer, bool toRows, string image) => encoder.Graph.Add(
        "Transpose", layer, [image], NodeAttribute.Ints("perm", toRows ? [0, 2, 3, 1] : [0, 3, 1, 2]));

    private void AppendHead(EncoderGraph encoder, ConfigJson config, string image)
    {
        if (root == Dinov3)
        {
            AppendRows(encoder, config, image);
            return;
        }

        new ImageTail(encoder, config, head)
        {
            Normed = mean => Norm.Layer(config.Positive("layer_norm_eps", 1e-12)).Append(
                encoder, "pooler.norm", $"{root}.layernorm", mean, HeadPadding.None(encoder.HiddenSize)),
        }.Append(image);
    }

    // The mean of the pixels stands before them as a row of its own.
    private static void AppendRows(EncoderGraph encoder, ConfigJson config, string image)
    {
        var (graph, width) = (encoder.Graph, encoder.HiddenSize);
        var pixels = Images.Rows(graph, "last.rows", image, width);
        var mean = graph.Add(
            "ReduceMean", "last.mean", [pixels, graph.AddConstant("last.axis", 1)], NodeAttribute.Int("keepdims", 1));
        var both = graph.Add("Concat", "last/Concat", [mean, pixels], NodeAttribute.Int("axis", 1));
        HiddenRows.Append(encoder, Norm.Layer(config.Positive("layer_norm_eps", InnerEpsilon)).Append(
            encoder, "last.norm", $"{Dinov3}.layernorm", both));
        PoolerOutput.Append(encoder, FirstRow.Append(encoder, EncoderPorts.Hidden), width);
    }
}
