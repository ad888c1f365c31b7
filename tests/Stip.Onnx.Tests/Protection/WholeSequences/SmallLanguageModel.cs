using Stip.Onnx.Model;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.WholeSequences;

/// <summary>A model of words as other exporters write it: ids in, one head of attention over tables that are looked up,
/// scores of words out.</summary>
internal static class SmallLanguageModel
{
    public const int Vocabulary = 11;
    private const int Width = 6;

    /// <param name="graph">Gets it.</param>
    /// <param name="isCausal">False for a masked language model, whose tokens see those behind them.</param>
    /// <param name="end">What becomes of the rows: <c>all</c>, <c>last</c>, <c>sliced</c>, <c>most</c> (the largest
    /// score of any row) or <c>shares</c>.</param>
    /// <param name="mask">Name of a mask that is added to scores of attention; null for none.</param>
    /// <param name="hides">True where its 1 hides a token.</param>
    public static void Build(
        SmallGraph graph, bool isCausal, string end = "all", string? mask = null, bool hides = false)
    {
        graph.Graph.AddInput("words", TensorDtype.Int64, "batch", "seq");
        graph.Add("Gather", "rows", graph.Weight("tokens", Vocabulary, Width), "words");
        graph.Add("MatMul", "query", "rows", graph.Weight("query_weight", Width, Width));
        graph.With(
            "Transpose", "columns", [graph.Add("MatMul", "key", "rows", graph.Weight("key_weight", Width, Width))],
            NodeAttribute.Ints("perm", 0, 2, 1));
        graph.Add("MatMul", "scores", "query", "columns");
        graph.With("Softmax", "shares", [Seen(graph, isCausal, mask, hides)], NodeAttribute.Int("axis", -1));
        graph.Add("MatMul", "taken", "shares", graph.Add(
            "MatMul", "value", "rows", graph.Weight("value_weight", Width, Width)));
        graph.Add("Add", "stream", "rows", "taken");
        var head = graph.Weight("head", Width, Vocabulary);
        switch (end)
        {
            case "last":
                graph.With(
                    "Gather", "picked", ["stream", graph.Numbers(-1)], NodeAttribute.Int("axis", 1));
                graph.Add("MatMul", "y", "picked", head);
                graph.Output("y", "batch", 1, Vocabulary);
                break;
            case "sliced":
                graph.Add(
                    "Slice", "picked", "stream", graph.Numbers(-1), graph.Numbers(long.MaxValue), graph.Numbers(1));
                graph.Add("MatMul", "y", "picked", head);
                graph.Output("y", "batch", 1, Vocabulary);
                break;
            case "most":
                graph.Add("MatMul", "of_rows", "stream", head);
                graph.With("ReduceMax", "y", ["of_rows", graph.Numbers(1)], NodeAttribute.Int("keepdims", 0));
                graph.Output("y", "batch", Vocabulary);
                break;
            case "shares":
                graph.Add("MatMul", "of_words", "stream", head);
                graph.With("Softmax", "y", ["of_words"], NodeAttribute.Int("axis", -1));
                graph.Output("y", "batch", "seq", Vocabulary);
                break;
            default:
                graph.Add("MatMul", "y", "stream", head);
                graph.Output("y", "batch", "seq", Vocabulary);
                break;
        }
    }

    private static string Seen(SmallGraph graph, bool isCausal, string? mask, bool hides)
    {
        var scores = "scores";
        if (mask is not null)
        {
            graph.Graph.AddInput(mask, TensorDtype.Int64, "batch", "seq");
            graph.With(
                "Cast", "counts", [mask], NodeAttribute.Int("to", (long)TensorProto.Types.DataType.Bool));
            graph.Add("Unsqueeze", "wide", "counts", graph.Numbers(1));
            var none = graph.Number(-1e4f);
            scores = hides
                ? graph.Add("Where", "counted", "wide", none, scores)
                : graph.Add("Where", "counted", "wide", scores, none);
        }

        if (!isCausal)
        {
            return scores;
        }

        graph.Add("Shape", "shape", "scores");
        graph.Add("Slice", "square", "shape", graph.Numbers(1), graph.Numbers(3));
        graph.Add("Expand", "ones", graph.Number(1), "square");
        graph.With("Trilu", "sees", ["ones"], NodeAttribute.Int("upper", 0));
        graph.With("Cast", "seen", ["sees"], NodeAttribute.Int("to", (long)TensorProto.Types.DataType.Bool));
        return graph.Add("Where", "masked", "seen", scores, graph.Number(-1e4f));
    }
}
