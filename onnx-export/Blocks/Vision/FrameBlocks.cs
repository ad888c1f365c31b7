using Stip.Export.Blocks.Attention;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Vision;

/// <summary>How a video is cut: blocks of some frames, each of some pixels.</summary>
/// <param name="Frames">Frames of a video.</param>
/// <param name="Depth">Frames of a block.</param>
/// <param name="Cut">How each frame is cut.</param>
internal sealed record FrameBlocks(int Frames, int Depth, PatchSizes Cut)
{
    /// <summary>Blocks of a video.</summary>
    public int Count => Cut.Count * (Frames / Depth);

    /// <summary>Declares <c>pixel_values [batch, frames, channels, height, width]</c> and makes rows of
    /// blocks.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="tensor">The convolution in the checkpoint.</param>
    /// <returns>Rows <c>[batch, blocks, hidden]</c>.</returns>
    public string Append(EncoderGraph encoder, string tensor)
    {
        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        var pixels = graph.AddInput(
            EncoderPorts.Pixels, encoder.Weights.Dtype, "batch", Frames, Cut.Channels, Cut.Height, Cut.Width);
        var turned = graph.Add("Transpose", "frames.turned", [pixels], NodeAttribute.Ints("perm", 0, 2, 1, 3, 4));
        var kernel = encoder.Tensors.Require($"{tensor}.weight", hidden, Cut.Channels, Depth, Cut.Patch, Cut.Patch);
        var blocks = graph.Add(
            "Conv",
            "blocks",
            [
                turned,
                graph.AddWeight("blocks.weight", encoder.Weights.Rows(kernel.Shape, [kernel], 1)),
                graph.AddWeight("blocks.bias", encoder.Weights.Vector((
                    encoder.Tensors.Require($"{tensor}.bias", hidden), HeadPadding.None(hidden)))),
            ],
            NodeAttribute.Ints("kernel_shape", Depth, Cut.Patch, Cut.Patch),
            NodeAttribute.Ints("strides", Depth, Cut.Patch, Cut.Patch));
        var flat = graph.Add("Reshape", "blocks.flat", [blocks, graph.AddConstant("blocks.shape", 0, hidden, -1)]);
        return graph.Add("Transpose", "blocks.rows", [flat], NodeAttribute.Ints("perm", 0, 2, 1));
    }
}
