using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>Encoders of images whose states a decoder reads, from pixels on: ViT, DeiT and Swin, and the Swin of Donut,
/// whose last stage has no norm after it.</summary>
internal static class PixelStates
{
    private const string DonutSwin = "donut-swin";
    private const int DefaultImage = 224;
    private const int DefaultPatch = 16;
    private const double OuterEpsilon = 1e-5;

    // What saved configurations hold anyway.
    private const string VitDefaults = """
        {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
        """;

    /// <summary>Builds the graph.</summary>
    /// <param name="tensors">The encoder's tensors, under the names of the bare model.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="dtype">Type the graph computes in.</param>
    /// <returns>A graph of <c>pixel_values</c> that gives <c>last_hidden_state</c>, and the width of its
    /// rows.</returns>
    public static (EncoderGraph Graph, int Width) Build(ITensorStore tensors, ConfigJson config, TensorDtype dtype) =>
        config.Text("model_type") switch
        {
            "vit" => Vit(tensors, config.WithDefaults(VitDefaults), dtype, ["cls_token"]),
            "deit" => Vit(tensors, config.WithDefaults(VitDefaults), dtype, ["cls_token", "distillation_token"]),
            "swin" => Swin(tensors, config, dtype, isNormed: true),
            DonutSwin => Swin(tensors, config, dtype, isNormed: false),
            var kind => throw new RefusedException(
                $"config.json: the encoder is '{kind}'; it must be vit, deit, swin or {DonutSwin}"),
        };

    private static (EncoderGraph Graph, int Width) Vit(
        ITensorStore tensors, ConfigJson config, TensorDtype dtype, IReadOnlyList<string> tokens)
    {
        var sizes = Vision.Vit.ReadSizes(config);
        var cut = PatchSizes.Read(config, DefaultImage, DefaultPatch);
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, graph => Start(graph, cut, tokens));
        HiddenRows.Append(encoder, new EncoderLayers(encoder, sizes, Vision.Vit.Layer, "encoder.layer").AppendPreNorm(
            encoder.Embeds, "layernorm"));
        return (encoder, sizes.Hidden);
    }

    private static (EncoderGraph Graph, int Width) Swin(
        ITensorStore tensors, ConfigJson config, TensorDtype dtype, bool isNormed)
    {
        config.RefuseFlag("use_absolute_embeddings");
        var width = config.FindSize("embed_dim") ?? 96;
        var cut = PatchSizes.Read(config, DefaultImage, defaultPatch: 4);
        if (cut.HasRest)
        {
            throw new RefusedException($"config.json: an image of {cut.Height} × {cut.Width} is not divided by "
                + $"patches of {cut.Patch}; beside a decoder it must be");
        }

        // The names of a model with a head, which this one has no root for.
        var named = new RenamedTensors(tensors, [("swin.", "")]);
        var encoder = new EncoderGraph(named, dtype, width, graph => Patches(
            graph, "swin.embeddings.patch_embeddings.projection", cut).Rows);
        var rows = Norm.Layer(OuterEpsilon).Append(
            encoder, "embedding_norm", "swin.embeddings.norm", encoder.Embeds);
        (rows, width, var count) = Vision.Swin.AppendStages(encoder, config, "swin", cut, rows);
        rows = isNormed
            ? Norm.Layer(config.Positive("layer_norm_eps", OuterEpsilon)).Append(
                encoder, "final_norm", "swin.layernorm", rows, HeadPadding.None(width))
            : rows;
        encoder.Graph.Append("", "Identity", "last_hidden_state/Identity", [rows], [EncoderPorts.Hidden]);
        encoder.Graph.AddOutput(EncoderPorts.Hidden, dtype, "batch", count, width);
        return (encoder, width);
    }

    private static string Start(EncoderGraph encoder, PatchSizes cut, IReadOnlyList<string> tokens) => Start(
        encoder,
        cut,
        "embeddings.patch_embeddings.projection",
        "embeddings.position_embeddings",
        [.. tokens.Select(token => $"embeddings.{token}")]);

    /// <summary>Declares <c>pixel_values</c> and makes rows of patches, with others before them.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="cut">How images are cut.</param>
    /// <param name="projection">The convolution in the checkpoint.</param>
    /// <param name="positions">What places add, those of the tokens first.</param>
    /// <param name="tokens">The rows before those of patches.</param>
    internal static string Start(
        EncoderGraph encoder, PatchSizes cut, string projection, string positions, IReadOnlyList<string> tokens)
    {
        var (hidden, stored) = (encoder.HiddenSize, encoder.Tensors);
        var (pixels, rows) = Patches(encoder, projection, cut);
        var table = new ReshapedTensor(
            stored.Require(positions, 1, tokens.Count + cut.Count, hidden), [tokens.Count + cut.Count, hidden]);
        var places = encoder.AddWeight("positions", encoder.Weights.Rows(
            [1, cut.Count, hidden], [new TensorRows(table, tokens.Count, cut.Count)], 1));
        return LeadingToken.Append(
            encoder,
            [.. tokens.Select(token => stored.Require(token, 1, 1, hidden))],
            new TensorRows(table, 0, tokens.Count),
            encoder.Graph.Add("Add", "patches.placed", [rows, places]),
            pixels,
            hidden);
    }

    private static (string Pixels, string Rows) Patches(EncoderGraph encoder, string projection, PatchSizes cut)
    {
        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        var pixels = graph.AddInput(
            EncoderPorts.Pixels, encoder.Weights.Dtype, "batch", cut.Channels, cut.Height, cut.Width);
        var image = new Convolution(cut.Channels, hidden, cut.Patch) { Step = cut.Patch, Pad = 0 }.Append(
            encoder, "patches", projection, pixels);
        return (pixels, Images.Rows(graph, "patches.rows", image, hidden));
    }
}
