using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Architectures.Sequences;

/// <summary>What a decoder reads that reads the text of its encoder, one token later.</summary>
internal static class LaterRows
{
    /// <summary>Every row moves one place on, and the last one goes.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="words">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="first">The row <c>[1, hidden]</c> of the token that answers begin with.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public static string Append(EncoderGraph encoder, string words, CheckpointTensor first)
    {
        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        var row = graph.AddWeight("decoder.begin", encoder.Weights.Rows([1, 1, hidden], [first], 1));
        var batch = graph.Add(
            "Shape", "decoder.batch", [words], NodeAttribute.Int("start", 0), NodeAttribute.Int("end", 1));
        var shape = graph.Add(
            "Concat",
            "decoder.begin_shape",
            [batch, graph.AddConstant("decoder.begin_row", 1, hidden)],
            NodeAttribute.Int("axis", 0));
        var before = graph.Add("Slice", "decoder.before", [
            words,
            graph.AddConstant("decoder.before_from", 0),
            graph.AddConstant("decoder.before_to", -1),
            graph.AddConstant("decoder.before_axis", 1)]);
        return graph.Add(
            "Concat",
            "decoder.words",
            [graph.Add("Expand", "decoder.begins", [row, shape]), before],
            NodeAttribute.Int("axis", 1));
    }
}
