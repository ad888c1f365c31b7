using System.Globalization;
using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>Matrix products of ONNX Runtime that transpose, scale or apply an activation in the same breath.</summary>
internal sealed class FusedMatMulRule : IOperatorRule
{
    public IEnumerable<string> Operators =>
        ["com.microsoft.FusedMatMul", "com.microsoft.FusedMatMulActivation", "com.microsoft.TransposeMatMul"];

    public void Apply(OperatorCall call)
    {
        var (left, right) = Operands(call);
        if (left.Rank < 2 || right.Rank < 2)
        {
            throw new NotSupportedException($"{call.Operation} with a vector");
        }

        call.Set(0, FusedActivation.Apply(call, Scaled(call, MatMulRule.Multiply(call, left, right))));
    }

    /// <summary>The kind of the factor on the product; null where it is 1.</summary>
    public static int? Factor(OperatorCall call) => call.Float("alpha", 1) is not 1 and var alpha
        ? call.Store.Kinds.Id(string.Create(CultureInfo.InvariantCulture, $"times {alpha}"))
        : null;

    /// <summary>A product with its factor.</summary>
    public static LabelValue Scaled(OperatorCall call, LabelValue product) =>
        Factor(call) is { } factor ? Elementwise.Combine(call, factor, [product]) : product;

    /// <summary>Both matrices as they are multiplied.</summary>
    public static (Value Left, Value Right) Operands(OperatorCall call) =>
        (Turned(call.Input(0), Is(call, "transA"), Is(call, "transBatchA")), Right(call));

    /// <summary>The second matrix as it is multiplied.</summary>
    public static Value Right(OperatorCall call) =>
        Turned(call.Input(1), Is(call, "transB"), Is(call, "transBatchB"));

    private static bool Is(OperatorCall call, string name) => call.Integer(name, 0) != 0;

    // The batch flag moves the first axis of the batch behind the others, before the two last are traded.
    private static Value Turned(Value value, bool trades, bool rotates)
    {
        var order = Enumerable.Range(0, value.Rank).ToList();
        if (rotates)
        {
            order.RemoveAt(0);
            order.Insert(value.Rank - 2, 0);
        }

        if (trades)
        {
            (order[^1], order[^2]) = (order[^2], order[^1]);
        }

        return Moves.ByAxes(value, [.. order.Select(axis => AxisPick.All(axis, value.Shape[axis]))]);
    }
}
