using Stip.Export.Blocks;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>DPT that tells depth, on a ViT of its own: features of some layers become images of different fineness,
/// which are put together. It is written as other exporters write it, from pixels on.</summary>
internal sealed class Dpt : IArchitecture
{
    private const string Root = "dpt";
    private const int HeadWidth = 32;

    public string Name => "DPTForDepthEstimation";

    public string ModelType => "dpt";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseFlag("is_hybrid");
        if (config.Section("backbone_config") is not null)
        {
            throw new RefusedException("config.json: a DPT with a backbone_config is not supported; it must be one on "
                + "its own ViT");
        }

        config.RefuseUnless("readout_type", "project", "add", "ignore");
        var sizes = Vit.ReadSizes(config);
        var cut = PatchSizes.Read(config, defaultImage: 384, defaultPatch: 16);
        var encoder = new EncoderGraph(
            checkpoint.Tensors, dtype, sizes.Hidden, new PixelStart($"{Root}.embeddings", cut, IsCubic: false).Append);
        var layers = new EncoderLayers(encoder, sizes, Vit.Layer, $"{Root}.encoder.layer");
        var taken = config.Integers("backbone_out_indices") ?? [2, 5, 8, 11];
        var states = DepthStates.Append(
            encoder,
            layers,
            DepthStates.Checked([.. taken.Select(layer => layer + 1)], sizes.Layers, "backbone_out_indices"),
            norm: null);
        AppendDepth(encoder, config, states);
        return ImageTail.Model(encoder);
    }

    private static void AppendDepth(EncoderGraph encoder, ConfigJson config, IReadOnlyList<string> states)
    {
        var (graph, width) = (encoder.Graph, config.FindSize("fusion_hidden_size") ?? 256);
        DepthStates.RefuseOtherHead(config, states.Count);
        var neck = new DepthNeck(
            encoder,
            DepthStates.Widths(config, states.Count, [96, 192, 384, 768]),
            DepthStates.Factors(config, states.Count),
            width)
        {
            Readout = config.Text("readout_type") ?? "project",
            ReadoutFunction = config.Text("hidden_act") ?? "gelu",
            HasNorms = config.Flag("use_batch_norm_in_fusion_residual", false),
            HasFusionBias = config.Has("use_bias_in_fusion_residual")
                ? config.Switch("use_bias_in_fusion_residual", false)
                : null,
        };
        var image = neck.Append(states);
        if (config.Flag("add_projection", false))
        {
            image = graph.Add("Relu", "depth.projection_act", [
                new Convolution(width, width, Side: 3).Append(encoder, "depth.projection", "head.projection", image)]);
        }

        image = new Convolution(width, width / 2, Side: 3).Append(encoder, "depth.0", "head.head.0", image);
        image = Images.Resized(graph, "depth.drawn", image, neck.Twice("depth.twice", image), joinsCorners: true);
        image = new Convolution(width / 2, HeadWidth, Side: 3).Append(encoder, "depth.1", "head.head.2", image);
        image = new Convolution(HeadWidth, 1, Side: 1).Append(
            encoder, "depth.2", "head.head.4", graph.Add("Relu", "depth.act", [image]));
        DepthStates.Declare(encoder, graph.Add("Relu", "depth.last_act", [image]));
    }
}
