using Stip.Export.Blocks;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>Depth Anything, both versions: DINOv2, and DPT's neck on some of its layers. It is written as other
/// exporters write it, from pixels on, for images of any size that patches divide.</summary>
internal sealed class DepthAnything : IArchitecture
{
    private const string Root = "backbone";
    private const string Defaults = """
        {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "image_size": 224, "patch_size": 14}
        """;

    public string Name => "DepthAnythingForDepthEstimation";

    public string ModelType => "depth_anything";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseUnless("depth_estimation_type", "relative", "metric");
        var backbone = config.Section("backbone_config")?.WithDefaults(Defaults)
            ?? throw new RefusedException("config.json has no backbone_config; it must describe a DINOv2");
        backbone.RefuseUnless("model_type", "dinov2");
        var isGated = backbone.Flag("use_swiglu_ffn", false);
        var sizes = Dinov2.ReadSizes(backbone, isGated);
        var cut = PatchSizes.Read(backbone, defaultImage: 224, defaultPatch: 14);
        var encoder = new EncoderGraph(
            checkpoint.Tensors, dtype, sizes.Hidden, new PixelStart($"{Root}.embeddings", cut, IsCubic: true).Append);
        var layers = new EncoderLayers(encoder, sizes, Dinov2.Names(isGated), $"{Root}.encoder.layer");
        var states = DepthStates.Append(
            encoder,
            layers,
            DepthStates.Taken(backbone, sizes.Layers),
            backbone.Flag("apply_layernorm", true) ? (sizes.Norm, $"{Root}.layernorm") : null);
        AppendDepth(encoder, config, states);
        return ImageTail.Model(encoder);
    }

    private static void AppendDepth(EncoderGraph encoder, ConfigJson config, IReadOnlyList<string> states)
    {
        var (graph, width) = (encoder.Graph, config.FindSize("fusion_hidden_size") ?? 64);
        DepthStates.RefuseOtherHead(config, states.Count);
        var image = new DepthNeck(
            encoder,
            DepthStates.Widths(config, states.Count, [48, 96, 192, 384]),
            DepthStates.Factors(config, states.Count),
            width)
        {
            FollowsNext = true,
        }.Append(states);
        image = new Convolution(width, width / 2, Side: 3).Append(encoder, "depth.0", "head.conv1", image);
        var sides = graph.Add("Mul", "depth.sides", [
            $"{PixelStart.Grid}/output", graph.AddConstant("depth.patch", config.FindSize("patch_size") ?? 14)]);
        image = Images.Resized(graph, "depth.drawn", image, sides, joinsCorners: true);
        var narrow = config.FindSize("head_hidden_size") ?? 32;
        image = new Convolution(width / 2, narrow, Side: 3).Append(encoder, "depth.1", "head.conv2", image);
        image = new Convolution(narrow, 1, Side: 1).Append(
            encoder, "depth.2", "head.conv3", graph.Add("Relu", "depth.act", [image]));
        var isMetric = config.Text("depth_estimation_type") == "metric";
        image = graph.Add(isMetric ? "Sigmoid" : "Relu", "depth.last_act", [image]);
        var farthest = config.Positive("max_depth", 1);
        image = farthest is 1 ? image : graph.Add("Mul", "depth.scaled", [
            image, encoder.SharedScalar("depth.farthest", farthest)]);
        DepthStates.Declare(encoder, image);
    }
}
