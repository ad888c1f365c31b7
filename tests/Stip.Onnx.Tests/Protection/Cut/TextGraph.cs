using Stip.Onnx.Model;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>
/// A model as other exporters write it: ids and positions in, a norm, a gated step, a head that is the token table.
/// </summary>
internal static class TextGraph
{
    public const int Vocabulary = 11;
    public const int Positions = 8;
    private const int Hidden = 6;
    private const int Inner = 10;

    /// <param name="graph">Gets it.</param>
    /// <param name="positions">Rows of the table of positions.</param>
    /// <param name="rotary">Rows of rotary tables that turn the gated step; 0 for none.</param>
    public static void Build(SmallGraph graph, int positions = Positions, int rotary = 0)
    {
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        graph.Graph.AddInput("position_ids", TensorDtype.Int64, "batch", "seq");
        var table = graph.Weight("tokens", Vocabulary, Hidden);
        graph.Add("Gather", "token_rows", table, "input_ids");
        graph.Add("Gather", "position_rows", graph.Weight("positions", positions, Hidden), "position_ids");
        graph.Add("Add", "hidden", "token_rows", "position_rows");
        graph.With(
            "LayerNormalization", "normed", ["hidden", graph.Weight("gamma", Hidden), graph.Weight("beta", Hidden)]);
        graph.Add("MatMul", "gate", "normed", graph.Weight("gate_weight", Hidden, Inner));
        graph.Add("MatMul", "up", "normed", graph.Weight("up_weight", Hidden, Inner));
        graph.Add("Sigmoid", "gated", "gate");
        if (rotary > 0)
        {
            graph.Graph.AddMicrosoft(
                "RotaryEmbedding", "turn",
                [
                    "up", "position_ids", graph.Weight("cosines", rotary, Inner / 2),
                    graph.Weight("sines", rotary, Inner / 2),
                ],
                ["turned"]);
        }

        graph.Add("Mul", "inner", "gated", rotary > 0 ? "turned" : "up");
        graph.Add("MatMul", "down", "inner", graph.Weight("down_weight", Inner, Hidden));
        graph.Add("Add", "stream", "hidden", "down");
        graph.With("Transpose", "head", [table], NodeAttribute.Ints("perm", 1, 0));
        graph.Add("MatMul", "logits", "stream", "head");
        graph.Output("logits", "batch", "seq", Vocabulary);
    }
}
