using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Vision;

/// <summary>A stage of SegFormer's encoder (arXiv 2105.15203): overlapping patches of the image or of what the stage
/// before made, and layers whose keys are those of a coarser image and whose feed-forward part mixes neighbours.
/// </summary>
/// <param name="encoder">The graph.</param>
/// <param name="root">Name of the encoder in the checkpoint.</param>
/// <param name="stage">Index of the stage.</param>
internal sealed class MixStage(EncoderGraph encoder, string root, int stage)
{
    private readonly GraphBuilder _graph = encoder.Graph;
    private string _shape = "";

    /// <summary>Channels of the image that comes in.</summary>
    public required int Inputs { get; init; }

    /// <summary>Channels of the stage.</summary>
    public required int Width { get; init; }

    /// <summary>Side of a patch.</summary>
    public required int Patch { get; init; }

    /// <summary>Pixels from one patch to the next.</summary>
    public required int Step { get; init; }

    /// <summary>Number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>How many times coarser, in each direction, the image of keys and values is.</summary>
    public required int Reduction { get; init; }

    /// <summary>Width inside the feed-forward part.</summary>
    public required int Inner { get; init; }

    /// <summary>Function of the feed-forward part.</summary>
    public required string Function { get; init; }

    /// <summary>What norms add to the variance.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>False where queries, keys and values have no biases.</summary>
    public bool HasQkvBias { get; init; } = true;

    /// <summary>False where the feed-forward part leaves neighbours alone.</summary>
    public bool MixesNeighbours { get; init; } = true;

    /// <summary>Appends the stage.</summary>
    /// <param name="image">An image <c>[batch, channels, height, width]</c>.</param>
    /// <returns>An image of the same form, its sides shorter.</returns>
    public string Append(string image)
    {
        var (name, tensor) = ($"stages.{stage}", $"{root}.patch_embeddings.{stage}");
        var patches = new Convolution(Inputs, Width, Patch) { Step = Step }.Append(
            encoder, $"{name}.patches", $"{tensor}.proj", image);
        var sides = Images.Sides(_graph, $"{name}.sides", patches);
        var rows = Normed($"{name}.patches_norm", $"{tensor}.layer_norm", Rows($"{name}.rows", patches, Width));
        rows = AppendLayers(rows, sides);
        rows = Normed($"{name}.last_norm", $"{root}.layer_norm.{stage}", rows);
        return Image($"{name}.image", rows, Width);
    }

    /// <summary>Appends the layers alone.</summary>
    /// <param name="rows">Rows of an image.</param>
    /// <param name="sides">Its height and width.</param>
    /// <returns>Rows of the same shape.</returns>
    public string AppendLayers(string rows, string sides)
    {
        _shape = sides;
        for (var layer = 0; layer < Layers; layer++)
        {
            var (own, block) = ($"stages.{stage}.layers.{layer}", $"{root}.block.{stage}.{layer}");
            var normed = Normed($"{own}.attention_norm", $"{block}.layer_norm_1", rows);
            rows = _graph.Add(
                "Add", $"{own}.attended", [rows, Attended($"{own}.attention", $"{block}.attention", normed)]);
            normed = Normed($"{own}.mlp_norm", $"{block}.layer_norm_2", rows);
            rows = _graph.Add("Add", $"{own}.moved", [rows, Mixed($"{own}.mlp", $"{block}.mlp", normed)]);
        }

        return rows;
    }

    private string Attended(string name, string tensor, string rows)
    {
        var seen = rows;
        if (Reduction > 1)
        {
            var coarse = new Convolution(Width, Width, Reduction) { Step = Reduction, Pad = 0 }.Append(
                encoder, $"{name}.coarse", $"{tensor}.self.sr", Image($"{name}.fine", rows, Width));
            seen = Normed(
                $"{name}.coarse_norm", $"{tensor}.self.layer_norm", Rows($"{name}.coarse_rows", coarse, Width));
        }

        var attended = _graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            [Projected("query", rows), Projected("key", seen), Projected("value", seen)],
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", Heads),
            NodeAttribute.Float("scale", 1 / Math.Sqrt((double)Width / Heads)))[0];
        return Linear.FromLinear(
            encoder, $"{name}.output", attended, $"{tensor}.output.dense", Width, Width, hasBias: true);

        string Projected(string part, string input) => Linear.FromLinear(
            encoder, $"{name}.{part}", input, $"{tensor}.self.{part}", Width, Width, HasQkvBias);
    }

    private string Mixed(string name, string tensor, string rows)
    {
        var wide = Linear.FromLinear(encoder, $"{name}.up", rows, $"{tensor}.dense1", Width, Inner, hasBias: true);
        wide = !MixesNeighbours ? wide : Rows($"{name}.rows", Convolution.Apart(Inner, side: 3).Append(
            encoder, $"{name}.neighbours", $"{tensor}.dwconv.dwconv", Image($"{name}.image", wide, Inner)), Inner);
        var active = Activation.Append(_graph, Function, $"{name}.act", wide);
        return Linear.FromLinear(encoder, $"{name}.down", active, $"{tensor}.dense2", Inner, Width, hasBias: true);
    }

    private string Normed(string name, string tensor, string rows) =>
        Norm.Layer(Epsilon).Append(encoder, name, tensor, rows, HeadPadding.None(Width));

    private string Rows(string name, string image, int channels) => Images.Rows(_graph, name, image, channels);

    private string Image(string name, string rows, int channels) =>
        Images.OfRows(_graph, name, rows, channels, _shape);
}
