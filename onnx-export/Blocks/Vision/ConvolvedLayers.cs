using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Vision;

/// <summary>Layers whose queries, keys and values are convolutions of the rows as an image, one kernel for each
/// channel, and a matrix after them (CvT, arXiv 2103.15808).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="tensors">Where the layers are in the checkpoint, before their index.</param>
/// <param name="stage">What their stage is called in the graph.</param>
internal sealed class ConvolvedLayers(EncoderGraph encoder, string tensors, string stage)
{
    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>Channels of a row.</summary>
    public required int Width { get; init; }

    public required int Heads { get; init; }

    public required int Layers { get; init; }

    /// <summary>Width inside the feed-forward part.</summary>
    public required int Inner { get; init; }

    /// <summary>Pixels of a side of the kernels.</summary>
    public required int Kernel { get; init; }

    /// <summary>Pixels from one key to the next.</summary>
    public required int KeyStep { get; init; }

    /// <summary>Zeros around the image of queries.</summary>
    public required int QueryPad { get; init; }

    /// <summary>Zeros around the image of keys and values.</summary>
    public required int KeyPad { get; init; }

    public required bool HasQkvBias { get; init; }

    /// <summary>True where the first row is no pixel.</summary>
    public required bool HasToken { get; init; }

    /// <summary>What norms add to the variance.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Appends the layers.</summary>
    /// <param name="rows">Rows <c>[batch, (1 +) height · width, channels]</c>.</param>
    /// <param name="sides">Height and width.</param>
    /// <returns>Rows of the same shape.</returns>
    public string Append(string rows, string sides)
    {
        for (var layer = 0; layer < Layers; layer++)
        {
            var (name, tensor) = ($"{stage}.layers.{layer}", $"{tensors}.{layer}");
            var normed = Normed($"{name}.attention_norm", $"{tensor}.layernorm_before", rows);
            rows = _graph.Add("Add", $"{name}.attended", [
                rows, Attended($"{name}.attention", $"{tensor}.attention", normed, sides)]);
            normed = Normed($"{name}.mlp_norm", $"{tensor}.layernorm_after", rows);
            var wide = Linear.FromLinear(
                encoder, $"{name}.up", normed, $"{tensor}.intermediate.dense", Width, Inner, hasBias: true);
            var active = Activation.Append(_graph, "gelu", $"{name}.act", wide);
            rows = _graph.Add("Add", $"{name}.moved", [rows, Linear.FromLinear(
                encoder, $"{name}.down", active, $"{tensor}.output.dense", Inner, Width, hasBias: true)]);
        }

        return rows;
    }

    /// <summary>Some of the rows of every image, in their order.</summary>
    public string Cut(string name, string rows, long from, long to) => _graph.Add("Slice", name, [
        rows,
        _graph.Shared($"rows.{from}", from),
        _graph.Shared($"rows.{to}", to),
        _graph.Shared("rows.axis", 1)]);

    private string Attended(string name, string tensor, string rows, string sides)
    {
        var token = HasToken ? Cut($"{name}.token", rows, 0, 1) : null;
        var pixels = HasToken ? Cut($"{name}.pixels", rows, 1, long.MaxValue) : rows;
        var image = Images.OfRows(_graph, $"{name}.image", pixels, Width, sides);
        var attended = _graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            [Projected("query", QueryPad, step: 1), Projected("key", KeyPad, KeyStep),
                Projected("value", KeyPad, KeyStep)],
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", Heads),
            NodeAttribute.Float("scale", 1 / Math.Sqrt(Width)))[0]; // by all heads together
        return Linear.FromLinear(
            encoder, $"{name}.output", attended, $"{tensor}.output.dense", Width, Width, hasBias: true);

        string Projected(string part, int pad, int step)
        {
            var (own, inner) = ($"{name}.{part}", $"{tensor}.attention.convolution_projection_{part}");
            var near = (Convolution.Apart(Width, Kernel) with { Step = step, Pad = pad, HasBias = false }).Append(
                encoder, $"{own}.near", $"{inner}.convolution_projection.convolution", image);
            near = BatchNorm.Append(
                encoder, $"{own}.near_norm", $"{inner}.convolution_projection.normalization", near, Width);
            var all = Images.Rows(_graph, $"{own}.rows", near, Width);
            all = token is null
                ? all
                : _graph.Add("Concat", $"{own}.all", [token, all], NodeAttribute.Int("axis", 1));
            return Linear.FromLinear(
                encoder, own, all, $"{tensor}.attention.projection_{part}", Width, Width, HasQkvBias);
        }
    }

    private string Normed(string name, string tensor, string rows) =>
        Norm.Layer(Epsilon).Append(encoder, name, tensor, rows, HeadPadding.None(Width));
}
