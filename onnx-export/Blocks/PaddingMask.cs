using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>A mask of ones and zeros as what is added to attention scores.</summary>
internal static class PaddingMask
{
    private const double LowestFloat16 = -65504;
    private const double LowestFloat32 = float.MinValue; // transformers adds the lowest number of the type

    /// <param name="encoder">The graph.</param>
    /// <param name="mask">int64 <c>[batch, seq]</c>, 1 where a row counts.</param>
    /// <returns>0 where a row counts, the lowest number where it does not: <c>[batch, 1, 1, seq]</c>.</returns>
    public static string Append(EncoderGraph encoder, string mask)
    {
        var (graph, dtype) = (encoder.Graph, encoder.Weights.Dtype);
        var counts = graph.Add("Cast", "mask/Cast", [mask], NodeAttribute.Int("to", (long)dtype.ToOnnx()));
        var isPadding = graph.Add("Sub", "mask/Sub", [graph.AddConstant("mask.one", dtype, 1), counts]);
        var lowest = dtype == TensorDtype.Float16 ? LowestFloat16 : LowestFloat32;
        var added = graph.Add("Mul", "mask/Mul", [isPadding, graph.AddConstant("mask.lowest", dtype, lowest)]);
        return graph.Add("Unsqueeze", "mask/Unsqueeze", [added, graph.AddConstant("mask.axes", 1, 2)]);
    }
}
