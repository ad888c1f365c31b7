using Stip.Export.Blocks;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>MobileViT: the convolutions of MobileNet, and three stages in which pixels at the same place of their
/// patches attend to each other. It is written as other exporters write it, from pixels on.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class MobileVit(string name, VisionHead head) : IArchitecture
{
    private const string Root = "mobilevit";

    private static readonly int[] ConvolvedLayers = [1, 3];
    private static readonly int[] AttendedLayers = [2, 4, 3];

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var (widths, hidden) = (
            config.Sizes("neck_hidden_sizes") ?? [16, 32, 64, 96, 128, 160, 640],
            config.Sizes("hidden_sizes") ?? [144, 192, 240]);
        if (widths.Count != 7 || hidden.Count != 3 || (config.FindSize("output_stride") ?? 32) != 32)
        {
            throw new RefusedException($"config.json: neck_hidden_sizes has {widths.Count} numbers, hidden_sizes "
                + $"{hidden.Count}, and output_stride is {config.FindSize("output_stride") ?? 32}; they must have 7 "
                + "and 3, and it must be 32");
        }

        var channels = config.FindSize("num_channels") ?? 3;
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, widths[^1], graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        var mobile = new MobileLayers(
            encoder, config.Text("hidden_act") ?? "silu", config.Positive("expand_ratio", 4));
        var image = mobile.Convolved(
            "stem", $"{Root}.conv_stem", new Convolution(channels, widths[0], Side: 3) { Step = 2 }, encoder.Embeds);
        for (var layer = 0; layer < ConvolvedLayers.Length; layer++)
        {
            for (var i = 0; i < ConvolvedLayers[layer]; i++)
            {
                image = mobile.Inverted(
                    $"layers.{layer}.{i}",
                    $"{Root}.encoder.layer.{layer}.layer.{i}",
                    i == 0 ? widths[layer] : widths[layer + 1],
                    widths[layer + 1],
                    layer > 0 && i == 0 ? 2 : 1,
                    image);
            }
        }

        for (var stage = 0; stage < AttendedLayers.Length; stage++)
        {
            image = new PatchwiseStage(encoder, mobile, $"stages.{stage}", $"{Root}.encoder.layer.{stage + 2}")
            {
                Inputs = widths[stage + 2],
                Width = widths[stage + 3],
                Hidden = hidden[stage],
                Inner = config.Width("mlp_ratio", hidden[stage] * config.Positive("mlp_ratio", 2)),
                Heads = config.FindSize("num_attention_heads") ?? 4,
                Layers = AttendedLayers[stage],
                Patch = config.FindSize("patch_size") ?? 2,
                Kernel = config.FindSize("conv_kernel_size") ?? 3,
                Norm = Norm.Layer(config.Positive("layer_norm_eps", 1e-5)),
                HasQkvBias = config.Flag("qkv_bias", true),
            }.Append(image);
        }

        image = mobile.Convolved(
            "last", $"{Root}.conv_1x1_exp", new Convolution(widths[5], widths[6], Side: 1), image);
        new ImageTail(encoder, config, head).Append(image);
        return ImageTail.Model(encoder);
    }
}
