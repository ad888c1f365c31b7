using Stip.Export.Blocks;
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

/// <summary>SigLIP's vision tower: patches without a class token; a learned query attends to all rows and becomes the
/// features of the image, or the mean of all rows is classified.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
/// <param name="modelType">Its <c>model_type</c> where it has no head.</param>
internal sealed class SiglipVision(string name, VisionHead head, string modelType = "siglip_vision_model")
    : IArchitecture
{
    private const string Root = "vision_model";
    private const string Head = $"{Root}.head";
    private const int DefaultImage = 224;
    private const int DefaultPatch = 16;
    private const int DefaultPatches = 256;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? modelType : "";

    /// <summary>True where images may have any sides and config.json says how many patches they have at most: a graph
    /// takes the square of so many, whose positions are those that are stored (SigLIP 2).</summary>
    public bool IsFlexible { get; init; }

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var tensors = checkpoint.Tensors;
        var config = head == VisionHead.Classes ? Tower(checkpoint.Config) : checkpoint.Config;
        var sizes = new EncoderSizes(
            config.FindSize("hidden_size") ?? 768,
            config.FindSize("intermediate_size") ?? 3072,
            config.FindSize("num_hidden_layers") ?? 12,
            config.FindSize("num_attention_heads") ?? 12,
            config.Text("hidden_act") ?? "gelu_pytorch_tanh",
            config.Positive("layer_norm_eps", 1e-6));
        // What a file of version 2 says of image_size counts for nothing.
        var cut = IsFlexible
            ? PatchSizes.Read(config.With($$"""{"image_size": {{Side(config)}}}"""), DefaultImage, DefaultPatch)
            : PatchSizes.Read(config, DefaultImage, DefaultPatch);
        var patches = new PatchGraph(tensors, sizes.Hidden, cut, tokens: []) { IsStoredFlat = IsFlexible };
        patches.AppendAll(
            $"{Root}.embeddings.patch_embedding",
            hasBias: true,
            tensors.Require($"{Root}.embeddings.position_embedding.weight", cut.Count, sizes.Hidden),
            positioned: 0);
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: false);
        var layers = new EncoderLayers(encoder, sizes, ClipTower.Layer, $"{Root}.encoder.layers");
        var classifier = new ClassifierHead(Dense: null, Activation: "", Output: "classifier");
        var model = VisionEncoder.Build(
            encoder,
            checkpoint.Config,
            patches,
            layers,
            sizes,
            $"{Root}.post_layernorm",
            head == VisionHead.Classes
                ? (rows, labels) => classifier.Append(encoder, VisionEncoder.PatchMean(encoder, rows, 0), labels)
                : null);
        if (head == VisionHead.Hidden && config.Flag("vision_use_head", true))
        {
            AppendPooler(encoder, sizes);
        }

        return model;
    }

    /// <summary>The tower's own configuration inside that of a classifier.</summary>
    internal static ConfigJson Tower(ConfigJson config) => config.Section("vision_config")
        ?? throw new RefusedException("config.json has no vision_config");

    private static int Side(ConfigJson config)
    {
        var count = config.FindSize("num_patches") ?? DefaultPatches;
        var across = (int)Math.Sqrt(count);
        return across * across == count ? across * (config.FindSize("patch_size") ?? DefaultPatch)
            : throw new RefusedException(
                $"config.json: num_patches is {count}; it must be a square, as the table of positions is one");
    }

    private static void AppendPooler(EncoderGraph encoder, EncoderSizes sizes)
    {
        var (graph, tensors, hidden) = (encoder.Graph, encoder.Tensors, sizes.Hidden);
        var matrix = tensors.Require($"{Head}.attention.in_proj_weight", 3 * hidden, hidden);
        var bias = tensors.Require($"{Head}.attention.in_proj_bias", 3 * hidden);
        string Project(string name, string input, int part) => Linear.FromRows(
            encoder,
            name,
            input,
            new TensorRows(matrix, part * hidden, hidden),
            new TensorRows(bias, part * hidden, hidden));

        const string rows = EncoderPorts.Hidden;
        var probe = graph.AddWeight("pooler.probe", encoder.Weights.Rows(
            [1, 1, hidden], [new ReshapedTensor(tensors.Require($"{Head}.probe", 1, 1, hidden), [1, hidden])], 1));
        var batch = graph.Add(
            "Shape", "pooler.batch", [rows], NodeAttribute.Int("start", 0), NodeAttribute.Int("end", 1));
        var shape = graph.Add(
            "Concat",
            "pooler.shape",
            [batch, graph.AddConstant("pooler.row", 1, hidden)],
            NodeAttribute.Int("axis", 0));
        var query = graph.Add("Expand", "pooler.queries", [Project("pooler.query", probe, 0), shape]);
        var attended = graph.AddMicrosoft(
            "MultiHeadAttention",
            "pooler.attention",
            [query, Project("pooler.key", rows, 1), Project("pooler.value", rows, 2)],
            ["pooler.attention/output"],
            NodeAttribute.Int("num_heads", sizes.Heads),
            NodeAttribute.Float("scale", 1 / Math.Sqrt(sizes.HeadDim)))[0];
        var row = Linear.FromLinear(
            encoder, "pooler.output", attended, $"{Head}.attention.out_proj", hidden, hidden, hasBias: true);
        var normed = sizes.Norm.Append(encoder, "pooler.norm", $"{Head}.layernorm", row);
        var names = ClipTower.Layer with { Up = "fc1", Down = "fc2" };
        var given = new EncoderFeedForward(encoder, sizes, names).Append("pooler.mlp", $"{Head}.mlp", normed);
        var sum = graph.Add("Add", "pooler/Add", [row, given]);
        graph.Append(
            "",
            "Squeeze",
            "pooler_output/Squeeze",
            [sum, graph.AddConstant("pooler.axis", 1)],
            [EncoderPorts.Pooled]);
        graph.AddOutput(EncoderPorts.Pooled, encoder.Weights.Dtype, "batch", hidden);
    }
}
