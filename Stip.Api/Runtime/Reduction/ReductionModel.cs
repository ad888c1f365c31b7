using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime.Reduction;

/// <summary>The graph that takes rows of logits to the largest of each and to the sum of their exponentials, so that no
/// more than these leave a device.</summary>
/// <remarks>
/// The host's order is kept whatever a device's <c>TopK</c> does among equals (CUDA's takes them in the order of its
/// threads) and with NaN: what is sorted are distinct, finite float64 keys. A float32 leaves 29 bits of a float64 free,
/// in which the place in the row is counted down.
/// A row is cut into pieces, whose largest are found side by side: CUDA's <c>TopK</c> gives a row to one block of
/// threads, however long it is. NaN and +∞ show in the sum, which is NaN then.
/// </remarks>
internal static class ReductionModel
{
    public const string Logits = "logits"; // [rows, vocab]
    public const string Inverse = "inverse"; // 1 / temperature, float32 [rows, 1]
    public const string PieceK = "piece_k"; // int64 [1], k but no more than a piece has
    public const string K = "k"; // int64 [1]
    public const string Indices = "indices"; // int32 [rows, k]
    public const string Values = "values"; // float32 [rows, k]
    public const string Sums = "sums"; // Σ exp((logit - largest) / temperature), float64 [rows, 1]

    /// <summary>Entries of a piece of a row.</summary>
    public const int PieceLength = 4096;

    // Beyond every finite float32, within float64.
    private const double Beyond = 3.5e38;

    /// <param name="dtype">Of the logits.</param>
    /// <param name="vocab">Entries of a row.</param>
    public static byte[] Write(TensorDtype dtype, int vocab)
    {
        var graph = new OnnxGraphWriter();
        graph.Input(Logits, dtype.ToOrt(), "rows", vocab);
        graph.Input(Inverse, TensorElementType.Float, "rows", 1);
        graph.Input(PieceK, TensorElementType.Int64, 1);
        graph.Input(K, TensorElementType.Int64, 1);
        graph.Node("Cast", Logits, "x", ("to", (int)TensorElementType.Float));
        WriteKeys(graph, vocab);
        WriteLargest(graph, vocab);
        WriteSums(graph);
        graph.Output(Indices, TensorElementType.Int32, "rows", "top");
        graph.Output(Values, TensorElementType.Float, "rows", "top");
        graph.Output(Sums, TensorElementType.Double, "rows", 1);
        return graph.Write();
    }

    // key = number - place · max(|number| · 2^-52, 10^-300): below the number itself, above the next smaller float32,
    // and another one for each place. Zeros are told apart by the second number, which is not added: the runtime leaves
    // out what adds less than a float32 can say.
    private static void WriteKeys(OnnxGraphWriter graph, int vocab)
    {
        graph.Constant("least", [-Beyond]);
        graph.Constant("most", [Beyond]);
        graph.Constant("unit", [Math.ScaleB(1, -52)]);
        graph.Constant("tiny", [1e-300]);
        graph.Constant("places", [.. Enumerable.Range(0, vocab).Select(place => (double)place)], vocab);
        graph.Node("Cast", "x", "wide", ("to", (int)TensorElementType.Double));
        graph.Node("IsNaN", "x", "no_number");
        graph.Node("Where", "no_number least wide", "numbers");
        graph.Node("Max", "numbers least", "above");
        graph.Node("Min", "above most", "number");
        graph.Node("Abs", "number", "size");
        graph.Node("Mul", "size unit", "scaled");
        graph.Node("Max", "scaled tiny", "step");
        graph.Node("Mul", "step places", "shift");
        graph.Node("Sub", "number shift", "key");
    }

    private static void WriteLargest(OnnxGraphWriter graph, int vocab)
    {
        var pieces = (vocab + PieceLength - 1) / PieceLength;
        var length = Math.Min(vocab, PieceLength);
        graph.Constant("pads", [0, 0, 0, ((long)pieces * length) - vocab], 4);
        graph.Constant("nothing", [double.MinValue]);
        graph.Constant("cut", [0, pieces, length], 3);
        graph.Constant("flat", [0, -1], 2);
        graph.Constant("starts", [.. Enumerable.Range(0, pieces).Select(piece => (long)piece * length)], pieces, 1);
        graph.Node("Pad", "key pads nothing", "padded");
        graph.Node("Reshape", "padded cut", "pieces");
        graph.Node("TopK", $"pieces {PieceK}", "piece_keys piece_places", ("axis", -1));
        graph.Node("Add", "piece_places starts", "candidate_places");
        graph.Node("Reshape", "piece_keys flat", "candidate_keys_flat");
        graph.Node("Reshape", "candidate_places flat", "candidate_places_flat");
        graph.Node("TopK", $"candidate_keys_flat {K}", "keys chosen", ("axis", -1));
        graph.Node("GatherElements", "candidate_places_flat chosen", "places_chosen", ("axis", 1));
        graph.Node("GatherElements", "x places_chosen", Values, ("axis", 1));
        graph.Node("Cast", "places_chosen", Indices, ("to", (int)TensorElementType.Int32));
    }

    // The difference, its scale and its exponential in float32, their sum in float64: as the host does it.
    private static void WriteSums(OnnxGraphWriter graph)
    {
        graph.Constant("zero", new long[] { 0 }, 1);
        graph.Constant("one", new long[] { 1 }, 1);
        graph.Node("Slice", $"{Values} zero one one", "largest");
        graph.Node("Sub", "x largest", "below");
        graph.Node("Mul", $"below {Inverse}", "exponent");
        graph.Node("Exp", "exponent", "power");
        graph.Node("Cast", "power", "power_wide", ("to", (int)TensorElementType.Double));
        graph.Node("ReduceSum", "power_wide one", Sums, ("keepdims", 1));
    }
}
