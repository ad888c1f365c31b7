using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>CvT: stages of attention whose queries, keys and values are convolutions of the image first, a class token
/// at the last stage and no positions. It is written as other exporters write it, from pixels on.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Cvt(string name, VisionHead head) : IArchitecture
{
    private const string Root = "cvt.encoder.stages";
    private const string ClassToken = "cls_token_value";

    // That of torch: no norm has the one of config.json.
    private const double NormEpsilon = 1e-5;

    private const string Defaults = """
        {"embed_dim": [64, 192, 384], "depth": [1, 2, 10], "num_heads": [1, 3, 6], "mlp_ratio": [4.0, 4.0, 4.0],
         "patch_sizes": [7, 3, 3], "patch_stride": [4, 2, 2], "patch_padding": [2, 1, 1], "kernel_qkv": [3, 3, 3],
         "stride_q": [1, 1, 1], "stride_kv": [2, 2, 2], "padding_q": [1, 1, 1], "padding_kv": [1, 1, 1],
         "qkv_bias": [true, true, true], "cls_token": [false, false, true]}
        """;

    private static readonly string[] Lists =
    [
        "depth", "embed_dim", "num_heads", "mlp_ratio", "patch_sizes", "patch_stride", "patch_padding", "kernel_qkv",
        "stride_q", "stride_kv", "padding_q", "padding_kv", "qkv_bias", "cls_token",
    ];

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? "cvt" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        var stages = config.Sizes("depth")?.Count ?? 0;
        RefuseShort(config, stages);
        var widths = config.Sizes("embed_dim")!;
        var tokens = config.Flags("cls_token");
        if (tokens.Take(stages - 1).Any(has => has)
            || config.Texts("qkv_projection_method").Any(kind => kind != "dw_bn"))
        {
            throw new RefusedException("config.json: cls_token must be true at the last stage alone, if at all, and "
                + "qkv_projection_method be 'dw_bn'");
        }

        var channels = config.FindSize("num_channels") ?? 3;
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, widths[stages - 1], graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        var image = encoder.Embeds;
        string? token = null;
        for (var stage = 0; stage < stages; stage++)
        {
            var inputs = stage == 0 ? channels : widths[stage - 1];
            (image, token) = Stage(encoder, config, stage, inputs, image, tokens[stage]);
        }

        Finish(encoder, config, image, token);
        return ImageTail.Model(encoder);
    }

    // Every list says something of each stage.
    private static void RefuseShort(ConfigJson config, int stages)
    {
        foreach (var (field, count) in Lists.Select(field => (field, config.Entries(field))))
        {
            if (stages < 1 || count < stages)
            {
                throw new RefusedException(
                    $"config.json: {field} has {count} entries; it must have one for each of the {stages} of depth");
            }
        }

        for (var stage = 0; stage < stages; stage++)
        {
            var (width, heads) = (config.Sizes("embed_dim")![stage], config.Sizes("num_heads")![stage]);
            if (config.Sizes("stride_q")![stage] != 1 || width % heads != 0)
            {
                throw new RefusedException(
                    $"config.json: stage {stage} has stride_q {config.Sizes("stride_q")![stage]} and {heads} heads of "
                    + $"width {width}; stride_q must be 1, and num_heads divide embed_dim");
            }
        }
    }

    // The image that a stage gives, and its class token where it has one.
    private static (string Image, string? Token) Stage(
        EncoderGraph encoder, ConfigJson config, int stage, int inputs, string image, bool hasToken)
    {
        var (graph, width, name) = (encoder.Graph, Number("embed_dim"), $"stages.{stage}");
        var tensor = $"{Root}.{stage}.embedding.convolution_embeddings";
        var patches = new Convolution(inputs, width, Number("patch_sizes"))
        {
            Step = Number("patch_stride"),
            Pad = Pad("patch_padding"),
        }.Append(encoder, $"{name}.patches", $"{tensor}.projection", image);
        var sides = Images.Sides(graph, $"{name}.sides", patches);
        var rows = Norm.Layer(NormEpsilon).Append(
            encoder,
            $"{name}.patches_norm",
            $"{tensor}.normalization",
            Images.Rows(graph, $"{name}.rows", patches, width),
            HeadPadding.None(width));
        rows = hasToken ? WithToken(encoder, $"{Root}.{stage}.cls_token", rows, width) : rows;
        var layers = new ConvolvedLayers(encoder, $"{Root}.{stage}.layers", name)
        {
            Width = width,
            Heads = Number("num_heads"),
            Layers = Number("depth"),
            Inner = config.Width("mlp_ratio", width * config.Numbers("mlp_ratio")[stage]),
            Kernel = Number("kernel_qkv"),
            KeyStep = Number("stride_kv"),
            QueryPad = Pad("padding_q"),
            KeyPad = Pad("padding_kv"),
            HasQkvBias = config.Flags("qkv_bias")[stage],
            HasToken = hasToken,
            Epsilon = NormEpsilon,
        };
        rows = layers.Append(rows, sides);
        var token = hasToken ? layers.Cut($"{name}.token", rows, 0, 1) : null;
        rows = hasToken ? layers.Cut($"{name}.patches_after", rows, 1, long.MaxValue) : rows;
        return (Images.OfRows(graph, $"{name}.image", rows, width, sides), token);

        int Number(string field) => config.Sizes(field)![stage];
        int Pad(string field) => config.Integers(field)![stage];
    }

    private static string WithToken(EncoderGraph encoder, string tensor, string rows, int width)
    {
        var graph = encoder.Graph;
        var batch = graph.Add(
            "Shape", "class_token.batch", [rows], NodeAttribute.Int("start", 0), NodeAttribute.Int("end", 1));
        var shape = graph.Add(
            "Concat", "class_token.shape", [batch, graph.AddConstant("class_token.row", 1, width)],
            NodeAttribute.Int("axis", 0));
        var stored = new ReshapedTensor(encoder.Tensors.Require(tensor, 1, 1, width), [1, width]);
        var first = graph.Add("Expand", "class_token/Expand", [
            encoder.AddWeight("class_token", encoder.Weights.Rows([1, 1, width], [stored], 1)), shape]);
        return graph.Add("Concat", "class_token/Concat", [first, rows], NodeAttribute.Int("axis", 1));
    }

    private void Finish(EncoderGraph encoder, ConfigJson config, string image, string? token)
    {
        var (graph, width, dtype) = (encoder.Graph, encoder.HiddenSize, encoder.Weights.Dtype);
        if (head == VisionHead.Classes)
        {
            var rows = token ?? Images.Rows(graph, "head.rows", image, width);
            var normed = Norm.Layer(NormEpsilon).Append(encoder, "last_norm", "layernorm", rows);
            var mean = graph.Add(
                "ReduceMean",
                "head.mean",
                [normed, graph.AddConstant("head.mean_axis", 1)],
                NodeAttribute.Int("keepdims", 0));
            new ClassifierHead(Dense: null, Activation: "", "classifier").Append(
                encoder, mean, Labels.Read(config).Names.Count);
            return;
        }

        graph.Append("", "Identity", "last_hidden_state/Identity", [image], [EncoderPorts.Hidden]);
        graph.AddOutput(EncoderPorts.Hidden, dtype, "batch", width, "last_height", "last_width");
        if (token is not null)
        {
            graph.Append("", "Identity", $"{ClassToken}/Identity", [token], [ClassToken]);
            graph.AddOutput(ClassToken, dtype, "batch", 1, width);
        }
    }
}
