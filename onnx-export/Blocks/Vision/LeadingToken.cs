using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Vision;

/// <summary>Rows of their own before those of an image, in graphs that begin with pixels.</summary>
internal static class LeadingToken
{
    /// <summary>Puts a row before others.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="token">The row <c>[1, hidden]</c>, and what its place adds.</param>
    /// <param name="place">The other summand, of the same shape.</param>
    /// <param name="rows">Rows <c>[batch, patches, hidden]</c>.</param>
    /// <param name="pixels">A value whose first axis is the batch.</param>
    /// <param name="width">Width of a row.</param>
    public static string Append(
        EncoderGraph encoder, CheckpointTensor token, TensorRows place, string rows, string pixels, int width) =>
        Append(encoder, [token], place, rows, pixels, width);

    /// <summary>Puts several rows before others, each with what its place adds.</summary>
    public static string Append(
        EncoderGraph encoder,
        IReadOnlyList<CheckpointTensor> tokens,
        TensorRows places,
        string rows,
        string pixels,
        int width)
    {
        var graph = encoder.Graph;
        var sums = tokens.Select((token, i) => new AddedRows(
            new ReshapedTensor(token, [1, width]), [new TensorRows(places, i, 1)])).ToList();
        var batch = graph.Add(
            "Shape", "class_token.batch", [pixels], NodeAttribute.Int("start", 0), NodeAttribute.Int("end", 1));
        var shape = graph.Add(
            "Concat", "class_token.shape", [batch, graph.AddConstant("class_token.row", tokens.Count, width)],
            NodeAttribute.Int("axis", 0));
        var first = graph.Add("Expand", "class_token/Expand", [
            encoder.AddWeight("class_token", encoder.Weights.Rows([1, tokens.Count, width], sums, 1)), shape]);
        return graph.Add("Concat", "embedding/Concat", [first, rows], NodeAttribute.Int("axis", 1));
    }
}
