using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>PVT, version 2: SegFormer's pyramid under names of its own. It is written as other exporters write it, from
/// pixels on, for images of any size.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class PvtV2(string name, VisionHead head) : IArchitecture
{
    private const string Root = "pvt_v2.encoder";

    // Ways of names of SegFormer's, and what they end in here.
    private static readonly (string, string)[] Parts =
    [
        ("attention.self.sr.", "attention.spatial_reduction."),
        ("attention.self.", "attention."),
        ("attention.output.dense.", "attention.proj."),
    ];

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? "pvt_v2" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseFlag("linear_attention");
        var pyramid = new MixPyramid(config, Root)
        {
            Ratios = [8, 8, 4, 4],
            Epsilon = config.Positive("layer_norm_eps", 1e-6),
            HasQkvBias = config.Flag("qkv_bias", true),
        };
        var tensors = new RenamedTensors(checkpoint.Tensors, tensor => [Stored(tensor)]);
        var encoder = new EncoderGraph(tensors, dtype, pyramid.Widths[^1], graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", pyramid.Channels, "height", "width"));
        new ImageTail(encoder, config, head) { HasPooled = false }.Append(pyramid.Append(encoder)[^1]);
        return ImageTail.Model(encoder);
    }

    private static string Stored(string tensor)
    {
        if (!tensor.StartsWith(Root, StringComparison.Ordinal))
        {
            return tensor;
        }

        var path = tensor[(Root.Length + 1)..].Split('.', 4);
        return path switch
        {
            ["patch_embeddings", var stage, ..] =>
                $"{Root}.layers.{stage}.patch_embedding.{string.Join('.', path[2..])}",
            ["block", var stage, var layer, var part] => $"{Root}.layers.{stage}.blocks.{layer}.{Own(part)}",
            ["layer_norm", var stage, var part] => $"{Root}.layers.{stage}.layer_norm.{part}",
            _ => tensor,
        };
    }

    private static string Own(string part)
    {
        var (known, own) = Array.Find(Parts, pair => part.StartsWith(pair.Item1, StringComparison.Ordinal));
        return known is null ? part : own + part[known.Length..];
    }
}
