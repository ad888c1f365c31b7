using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;

namespace Stip.Export.Blocks.Vision;

/// <summary>From pixels of an image of any size to rows: patches, a class token before them, and positions that are
/// drawn to the grid of the image.</summary>
/// <param name="Root">Where the embeddings are in the checkpoint.</param>
/// <param name="Cut">How images are cut where the model was trained.</param>
/// <param name="IsCubic">True where positions are drawn by cubic curves, false where straight.</param>
internal sealed record PixelStart(string Root, PatchSizes Cut, bool IsCubic)
{
    /// <summary>Height and width of the grid of patches.</summary>
    public const string Grid = "patches.sides";

    /// <summary>Declares <c>pixel_values [batch, channels, height, width]</c> and appends the rest.</summary>
    /// <returns>Rows <c>[batch, 1 + patches, hidden]</c>.</returns>
    public string Append(EncoderGraph encoder)
    {
        var (graph, hidden, weights) = (encoder.Graph, encoder.HiddenSize, encoder.Weights);
        var pixels = graph.AddInput(EncoderPorts.Pixels, weights.Dtype, "batch", Cut.Channels, "height", "width");
        var image = new Convolution(Cut.Channels, hidden, Cut.Patch) { Step = Cut.Patch, Pad = 0 }.Append(
            encoder, "patches", $"{Root}.patch_embeddings.projection", pixels);
        Images.Sides(graph, Grid, image);
        var positions = encoder.Tensors.Require($"{Root}.position_embeddings", 1, Cut.Count + 1, hidden);
        var table = new ReshapedTensor(positions, [Cut.Count + 1, hidden]);
        var patches = graph.Add("Add", "patches.placed", [
            Images.Rows(graph, "patches.rows", image, hidden), Places(encoder, new TensorRows(table, 1, Cut.Count))]);
        return LeadingToken.Append(
            encoder,
            encoder.Tensors.Require($"{Root}.cls_token", 1, 1, hidden),
            new TensorRows(table, 0, 1),
            patches,
            pixels,
            hidden);
    }

    private string Places(EncoderGraph encoder, TensorRows table)
    {
        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        var rows = encoder.AddWeight(
            "positions", encoder.Weights.Rows([1, Cut.Count, hidden], [table], 1));
        var trained = Images.OfRows(
            graph, "positions.trained", rows, hidden, graph.AddConstant("positions.sides", Cut.Rows, Cut.Columns));
        return Images.Rows(
            graph,
            "positions.rows",
            Images.Resized(graph, "positions.drawn", trained, $"{Grid}/output", isCubic: IsCubic),
            hidden);
    }
}
