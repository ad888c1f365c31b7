using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>Frames of raw sound: convolutions, each of which shortens it, a projection, and what a wide convolution
/// over the frames makes of their places (wav2vec 2.0, arXiv 2006.11477).</summary>
/// <param name="config">config.json.</param>
/// <param name="root">Name of the model in the checkpoint.</param>
internal sealed class WaveStart(ConfigJson config, string root)
{
    private const double InnerEpsilon = 1e-5;

    private readonly double _epsilon = config.Positive("layer_norm_eps", 1e-5);
    private readonly string _activation = config.Text("feat_extract_activation") ?? "gelu";

    /// <summary>Declares <c>input_values [batch, samples]</c> and appends everything.</summary>
    /// <returns>Rows <c>[batch, frames, hidden]</c>.</returns>
    public string Append(EncoderGraph encoder)
    {
        var graph = encoder.Graph;
        var sound = graph.AddInput(EncoderPorts.Sound, encoder.Weights.Dtype, "batch", "samples");
        var rows = graph.Add("Unsqueeze", "sound.channel", [sound, graph.AddConstant("sound.axis", 1)]);
        var (widths, kernels, steps) = (Sizes("conv_dim"), Sizes("conv_kernel"), Sizes("conv_stride"));
        if (widths.Count != kernels.Count || widths.Count != steps.Count)
        {
            throw new RefusedException($"config.json: conv_dim, conv_kernel and conv_stride have {widths.Count}, "
                + $"{kernels.Count} and {steps.Count} numbers; they must have as many");
        }

        for (var i = 0; i < widths.Count; i++)
        {
            rows = Convolved(encoder, rows, i, i == 0 ? 1 : widths[i - 1], widths[i], kernels[i], steps[i]);
        }

        var projection = $"{root}.feature_projection";
        rows = Turned(graph, "features.rows", rows);
        if (config.Flag("feat_proj_layer_norm", true))
        {
            rows = Norm.Layer(_epsilon).Append(
                encoder, "features.norm", $"{projection}.layer_norm", rows, HeadPadding.None(widths[^1]));
        }

        rows = Linear.FromLinear(
            encoder, "features", rows, $"{projection}.projection", widths[^1], encoder.HiddenSize, hasBias: true);
        return graph.Add("Add", "places/Add", [rows, IsData2Vec ? NormedPlaces(encoder, rows) : Places(encoder, rows)]);
    }

    // It has several convolutions over places, and norms in all of its convolutions.
    private bool IsData2Vec => config.FindSize("conv_pos_kernel_size") is not null;

    private IReadOnlyList<int> Sizes(string name) => config.Sizes(name)
        ?? throw new RefusedException($"config.json has no {name}; it must be a list of sizes");

    private string Convolved(EncoderGraph encoder, string rows, int i, int inputs, int outputs, int kernel, int step)
    {
        var (graph, name, tensor) = (
            encoder.Graph, $"convolutions.{i}", $"{root}.feature_extractor.conv_layers.{i}");
        var stored = encoder.Tensors.Require($"{tensor}.conv.weight", outputs, inputs, kernel);
        List<string> parts = [rows, graph.AddWeight($"{name}.weight", encoder.Weights.Rows(stored.Shape, [stored], 1))];
        if (config.Flag("conv_bias", false))
        {
            parts.Add(Vector(encoder, $"{name}.bias", $"{tensor}.conv.bias", outputs));
        }

        rows = graph.Add(
            "Conv", name, parts, NodeAttribute.Ints("kernel_shape", kernel), NodeAttribute.Ints("strides", step));
        if (config.Text("feat_extract_norm") == "layer" || IsData2Vec)
        {
            var normed = Norm.Layer(InnerEpsilon).Append(
                encoder,
                $"{name}.norm",
                $"{tensor}.layer_norm",
                Turned(graph, $"{name}.turned", rows),
                HeadPadding.None(outputs));
            rows = Turned(graph, $"{name}.back", normed);
        }
        else if (i == 0)
        {
            rows = graph.Add(
                "InstanceNormalization",
                $"{name}.norm",
                [
                    rows,
                    Vector(encoder, $"{name}.norm.weight", $"{tensor}.layer_norm.weight", outputs),
                    Vector(encoder, $"{name}.norm.bias", $"{tensor}.layer_norm.bias", outputs),
                ],
                NodeAttribute.Float("epsilon", InnerEpsilon));
        }

        return Activation.Append(graph, _activation, $"{name}.act", rows);
    }

    // Data2Vec: one convolution after the other, each with a norm that has no weights.
    private string NormedPlaces(EncoderGraph encoder, string rows)
    {
        var (graph, hidden, kernel) = (encoder.Graph, encoder.HiddenSize, config.Size("conv_pos_kernel_size"));
        var groups = config.FindSize("num_conv_pos_embedding_groups") ?? 16;
        for (var i = 0; i < (config.FindSize("num_conv_pos_embeddings") ?? 5); i++)
        {
            var (name, tensor) = ($"places.{i}", $"{root}.encoder.pos_conv_embed.layers.{i}.conv");
            var stored = encoder.Tensors.Require($"{tensor}.weight", hidden, hidden / groups, kernel);
            var made = graph.Add(
                "Conv",
                name,
                [
                    Turned(graph, $"{name}.turned", rows),
                    graph.AddWeight($"{name}.weight", encoder.Weights.Rows(stored.Shape, [stored], 1)),
                    Vector(encoder, $"{name}.bias", $"{tensor}.bias", hidden),
                ],
                NodeAttribute.Int("group", groups),
                NodeAttribute.Ints("kernel_shape", kernel),
                NodeAttribute.Ints("pads", kernel / 2, (kernel - 1) / 2));
            var normed = (Norm.Layer(InnerEpsilon) with { HasWeights = false }).Append(
                encoder, $"{name}.norm", "", Turned(graph, $"{name}.back", made));
            rows = Activation.Append(graph, _activation, $"{name}.act", normed);
        }

        return rows;
    }

    private string Places(EncoderGraph encoder, string rows)
    {
        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        var kernel = config.FindSize("num_conv_pos_embeddings") ?? 128;
        var groups = config.FindSize("num_conv_pos_embedding_groups") ?? 16;
        var tensor = $"{root}.encoder.pos_conv_embed.conv";
        var (length, direction) = encoder.Tensors.Has($"{tensor}.weight_g")
            ? ("weight_g", "weight_v")
            : ("parametrizations.weight.original0", "parametrizations.weight.original1");
        var stored = new NormedKernel(
            encoder.Tensors.Require($"{tensor}.{direction}", hidden, hidden / groups, kernel),
            encoder.Tensors.Require($"{tensor}.{length}", 1, 1, kernel));
        var made = graph.Add(
            "Conv",
            "places",
            [
                Turned(graph, "places.turned", rows),
                graph.AddWeight("places.weight", encoder.Weights.Rows(stored.Shape, [stored], 1)),
                Vector(encoder, "places.bias", $"{tensor}.bias", hidden),
            ],
            NodeAttribute.Int("group", groups),
            NodeAttribute.Ints("kernel_shape", kernel),
            NodeAttribute.Ints("pads", kernel / 2, (kernel - 1) / 2)); // as many frames as before
        return Turned(graph, "places.back", Activation.Append(graph, _activation, "places.act", made));
    }

    private static string Turned(GraphBuilder graph, string name, string rows) =>
        graph.Add("Transpose", name, [rows], NodeAttribute.Ints("perm", 0, 2, 1));

    private static string Vector(EncoderGraph encoder, string name, string tensor, int length) =>
        encoder.Graph.AddWeight(name, encoder.Weights.Vector((
            encoder.Tensors.Require(tensor, length), HeadPadding.None(length))));
}
