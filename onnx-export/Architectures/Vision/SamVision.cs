using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Vision;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>The image encoder of Segment Anything (ViTDet): patches see each other within windows, in some layers all
/// of them; scores know rows and columns, and a neck of two convolutions gives the map that prompts are asked
/// of.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class SamVision(string name, string modelType) : IArchitecture
{
    private const string Root = "vision_encoder";

    // That of the neck's norms is not the one that config.json gives.
    private const double NeckEpsilon = 1e-6;

    private static readonly EncoderLayerNames Layer = new(
        Query: "",
        Key: "",
        Value: "",
        Output: "",
        AttentionNorm: "layer_norm1",
        Up: "mlp.lin1",
        Down: "mlp.lin2",
        FeedForwardNorm: "layer_norm2");

    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.Section("vision_config") ?? checkpoint.Config;
        var (tensors, sizes) = (checkpoint.Tensors, ReadSizes(config));
        var cut = PatchSizes.Read(config, defaultImage: 1024, defaultPatch: 16);
        if (cut.Rows != cut.Columns)
        {
            throw new RefusedException(
                $"config.json: this model has {cut.Rows} × {cut.Columns} patches; images must be square");
        }

        var patches = new PatchGraph(tensors, sizes.Hidden, cut, []);
        patches.AppendAll(
            $"{Root}.patch_embed.projection",
            hasBias: true,
            config.Flag("use_abs_pos", true)
                ? tensors.Require($"{Root}.pos_embed", 1, cut.Rows, cut.Columns, sizes.Hidden)
                : null,
            positioned: 0);
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: false);
        var layers = new EncoderLayers(encoder, sizes, Layer, $"{Root}.layers")
        {
            Attention = Attention(encoder, config, sizes, cut),
        };
        var width = config.FindSize("output_channels") ?? 256;
        AppendNeck(encoder, layers.AppendPreNorm(encoder.Embeds, lastNorm: null), cut.Rows, width);
        return new ExportedModel(
            encoder, sizes.Hidden, width, patches.Rows, IsTied: false, new Dictionary<string, CheckpointTensor>())
        {
            Patches = patches,
        };
    }

    private static Func<int, string, string, string, string> Attention(
        EncoderGraph encoder, ConfigJson config, EncoderSizes sizes, PatchSizes cut)
    {
        var whole = config.Integers("global_attn_indexes") ?? [2, 5, 8, 11];
        var window = config.Count("window_size") is > 0 and var side ? side : config.Has("window_size") ? 0 : 14;
        var hasDistances = config.Flag("use_rel_pos", true);
        return (layer, name, tensor, rows) =>
        {
            var side = window == 0 || whole.Contains(layer) ? cut.Rows : window;
            var plan = new WindowPlan(cut.Rows, cut.Columns, side, Shift: 0);
            return new GridAttention(encoder, plan, sizes) { HasDistances = hasDistances }.Append(
                name, $"{tensor}.attn", rows);
        };
    }

    private static void AppendNeck(EncoderGraph encoder, string rows, int side, int width)
    {
        var (graph, hidden, norm) = (encoder.Graph, encoder.HiddenSize, Norm.Layer(NeckEpsilon));
        var channels = HeadPadding.None(width);
        var kernel = encoder.Tensors.Require($"{Root}.neck.conv1.weight", width, hidden, 1, 1);
        var narrow = Linear.FromRows(encoder, "neck.0", rows, new ReshapedTensor(kernel, [width, hidden]), bias: null);
        narrow = norm.Append(encoder, "neck.0.norm", $"{Root}.neck.layer_norm1", narrow, channels);
        var sides = graph.AddConstant("neck.sides", side, side);
        var image = new Convolution(width, width, Side: 3) { HasBias = false }.Append(
            encoder, "neck.1", $"{Root}.neck.conv2", Images.OfRows(graph, "neck.image", narrow, width, sides));
        var mixed = norm.Append(
            encoder,
            "neck.1.norm",
            $"{Root}.neck.layer_norm2",
            Images.Rows(graph, "neck.rows", image, width),
            channels);
        graph.Append(
            "",
            "Identity",
            "last_hidden_state/Identity",
            [Images.OfRows(graph, "neck.map", mixed, width, sides)],
            [EncoderPorts.Hidden]);
        graph.AddOutput(EncoderPorts.Hidden, encoder.Weights.Dtype, "batch", width, side, side);
    }

    private static EncoderSizes ReadSizes(ConfigJson config)
    {
        var hidden = config.FindSize("hidden_size") ?? 768;
        return new EncoderSizes(
            hidden,
            config.FindSize("mlp_dim") ?? (int)(hidden * config.Positive("mlp_ratio", 4)),
            config.FindSize("num_hidden_layers") ?? 12,
            config.FindSize("num_attention_heads") ?? 12,
            config.Text("hidden_act") ?? "gelu",
            config.Positive("layer_norm_eps", 1e-6),
            config.Flag("qkv_bias", true));
    }
}
