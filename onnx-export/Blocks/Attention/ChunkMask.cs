using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Chunked attention: a query sees the keys of its own chunk only.</summary>
internal static class ChunkMask
{
    private const string Name = "attention.chunks";

    // Nothing is left of it after softmax, and float16 holds it.
    private const double Unseen = -30000;

    /// <summary>Appends what is added to scores, once.</summary>
    /// <param name="decoder">A graph that is told positions.</param>
    /// <param name="chunk">Tokens of a chunk.</param>
    /// <returns>Name of the mask <c>[batch, 1, seq, total]</c>.</returns>
    public static string Append(DecoderGraph decoder, int chunk)
    {
        var graph = decoder.Graph;
        if (graph.Has($"{Name}/output"))
        {
            return $"{Name}/output";
        }

        const int int64 = (int)TensorProto.Types.DataType.Int64;
        var length = graph.AddConstant($"{Name}.length", chunk);
        var total = graph.Add("Cast", $"{Name}.total", [DecoderPorts.TotalLength], NodeAttribute.Int("to", int64));
        var places = graph.Add("Range", $"{Name}.places", [
            graph.AddScalarConstant($"{Name}.zero", 0), total, graph.AddScalarConstant($"{Name}.one", 1)]);
        var keys = graph.Add("Div", $"{Name}.keys", [places, length]); // [total]
        var rows = graph.Add("Div", $"{Name}.rows", [DecoderPorts.Positions, length]);
        var axes = graph.AddConstant($"{Name}.axes", 1, 3);
        var queries = graph.Add("Unsqueeze", $"{Name}.queries", [rows, axes]); // [batch, 1, seq, 1]
        var isOwn = graph.Add("Equal", $"{Name}.own", [queries, keys]);
        return graph.Add(
            "Where", Name, [isOwn, decoder.Scalar($"{Name}.seen", 0), decoder.Scalar($"{Name}.unseen", Unseen)]);
    }
}
