using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Vision;

/// <summary>A stage of MobileViT (arXiv 2110.02178): pixels at the same place of their patches attend to each other,
/// and what they give is mixed with what came in.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="mobile">The convolutions.</param>
/// <param name="name">Name in the graph.</param>
/// <param name="tensor">Name in the checkpoint.</param>
internal sealed class PatchwiseStage(EncoderGraph encoder, MobileLayers mobile, string name, string tensor)
{
    private readonly GraphBuilder _graph = encoder.Graph;

    private string Whole => $"{name}.whole";

    /// <summary>Channels of the image that comes in.</summary>
    public required int Inputs { get; init; }

    /// <summary>Channels of the stage.</summary>
    public required int Width { get; init; }

    /// <summary>Channels of what attends.</summary>
    public required int Hidden { get; init; }

    /// <summary>Width inside the feed-forward parts.</summary>
    public required int Inner { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Side of a patch.</summary>
    public required int Patch { get; init; }

    /// <summary>Side of the kernels.</summary>
    public required int Kernel { get; init; }

    /// <summary>Norms of the layers.</summary>
    public required Norm Norm { get; init; }

    /// <summary>True where queries, keys and values have biases.</summary>
    public required bool HasQkvBias { get; init; }

    /// <summary>Appends the stage.</summary>
    /// <param name="image">An image; where patches do not divide what becomes of it, it is drawn to the next sides
    /// that they divide, and back.</param>
    /// <returns>An image half as high and as wide.</returns>
    public string Append(string image)
    {
        image = mobile.Inverted($"{name}.half", $"{tensor}.downsampling_layer", Inputs, Width, step: 2, image);
        var inner = mobile.Convolved(
            $"{name}.near", $"{tensor}.conv_kxk", new Convolution(Width, Width, Kernel), image);
        inner = mobile.Convolved(
            $"{name}.wide",
            $"{tensor}.conv_1x1",
            new Convolution(Width, Hidden, Side: 1),
            inner,
            isNormed: false,
            isActive: false);
        var rows = Unfolded(inner);
        for (var layer = 0; layer < Layers; layer++)
        {
            rows = Layer($"{name}.{layer}", $"{tensor}.transformer.layer.{layer}", rows);
        }

        inner = Folded(Normed($"{name}.norm", $"{tensor}.layernorm", rows));
        inner = mobile.Convolved(
            $"{name}.projection", $"{tensor}.conv_projection", new Convolution(Hidden, Width, Side: 1), inner);
        var both = _graph.Add("Concat", $"{name}.both", [image, inner], NodeAttribute.Int("axis", 1));
        return mobile.Convolved(
            $"{name}.fusion", $"{tensor}.fusion", new Convolution(2 * Width, Width, Kernel), both);
    }

    private string Layer(string layer, string stored, string rows)
    {
        var normed = Normed($"{layer}.attention_norm", $"{stored}.layernorm_before", rows);
        var attended = _graph.AddMicrosoft(
            "MultiHeadAttention",
            $"{layer}.attention",
            [Projected("query"), Projected("key"), Projected("value")],
            [$"{layer}.attention/output"],
            NodeAttribute.Int("num_heads", Heads),
            NodeAttribute.Float("scale", 1 / Math.Sqrt((double)Hidden / Heads)))[0];
        rows = _graph.Add("Add", $"{layer}.attended", [rows, Linear.FromLinear(
            encoder, $"{layer}.output", attended, $"{stored}.attention.output.dense", Hidden, Hidden, hasBias: true)]);
        normed = Normed($"{layer}.mlp_norm", $"{stored}.layernorm_after", rows);
        var wide = mobile.Active($"{layer}.act", Linear.FromLinear(
            encoder, $"{layer}.up", normed, $"{stored}.intermediate.dense", Hidden, Inner, hasBias: true));
        return _graph.Add("Add", $"{layer}.moved", [rows, Linear.FromLinear(
            encoder, $"{layer}.down", wide, $"{stored}.output.dense", Inner, Hidden, hasBias: true)]);

        string Projected(string part) => Linear.FromLinear(
            encoder,
            $"{layer}.{part}",
            normed,
            $"{stored}.attention.attention.{part}",
            Hidden,
            Hidden,
            HasQkvBias);
    }

    private string Normed(string layer, string stored, string rows) =>
        Norm.Append(encoder, layer, stored, rows, HeadPadding.None(Hidden));

    // [batch, channels, height, width] as [batch · pixels of a patch, patches, channels].
    private string Unfolded(string image)
    {
        var side = _graph.Shared("patch.side", Patch);
        var enough = _graph.Add("Add", $"{name}.enough", [
            Images.Sides(_graph, $"{name}.sides", image), _graph.Shared("patch.rest", Patch - 1)]);
        var sides = _graph.Add("Div", $"{name}.grid", [enough, side]);
        var grid = _graph.Append(
            "", "Split", $"{name}.grid/Split", [sides, _graph.Shared("patch.ones", 1, 1)],
            [$"{name}.grid/down", $"{name}.grid/across"], NodeAttribute.Int("axis", 0));
        image = Images.Resized(_graph, Whole, image, _graph.Add("Mul", $"{name}.whole_sides", [sides, side]));
        var apart = _graph.Add("Reshape", $"{name}.apart", [
            image,
            _graph.Add("Concat", $"{name}.apart_shape", [
                _graph.Shared($"patch.image.{Hidden}", 0, Hidden), grid[0], side, grid[1], side],
                NodeAttribute.Int("axis", 0))]);
        var turned = _graph.Add("Transpose", $"{name}.turned", [apart], NodeAttribute.Ints("perm", 0, 3, 5, 2, 4, 1));
        var count = _graph.Add("Mul", $"{name}.count", [grid[0], grid[1]]);
        return _graph.Add("Reshape", $"{name}.rows", [
            turned,
            _graph.Add("Concat", $"{name}.rows_shape", [
                _graph.Shared("patch.all", -1), count, _graph.Shared($"patch.channels.{Hidden}", Hidden)],
                NodeAttribute.Int("axis", 0))]);
    }

    private string Folded(string rows)
    {
        var side = _graph.Shared("patch.side", Patch);
        var apart = _graph.Add("Reshape", $"{name}.apart_again", [
            rows,
            _graph.Add("Concat", $"{name}.again_shape", [
                _graph.Shared("patch.all", -1), side, side, $"{name}.grid/down", $"{name}.grid/across",
                _graph.Shared($"patch.channels.{Hidden}", Hidden)],
                NodeAttribute.Int("axis", 0))]);
        var turned = _graph.Add("Transpose", $"{name}.back", [apart], NodeAttribute.Ints("perm", 0, 5, 3, 1, 4, 2));
        var image = _graph.Add("Reshape", $"{name}.image", [
            turned, _graph.Add("Shape", $"{name}.shape", [$"{Whole}/output"])]);
        return Images.Resized(_graph, $"{name}.drawn_back", image, $"{name}.sides/output");
    }
}
