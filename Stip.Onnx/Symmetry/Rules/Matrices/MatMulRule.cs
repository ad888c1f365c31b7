using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>Matrix products, with a weight on either side or with two activations.</summary>
internal sealed class MatMulRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["MatMul"];

    public void Apply(OperatorCall call)
    {
        var (left, right) = (call.Input(0), call.Input(1));
        var (leftIsVector, rightIsVector) = (left.Rank == 1, right.Rank == 1);
        left = leftIsVector ? Moves.ByAxes(left, [AxisPick.New(1), AxisPick.All(0, left.Shape[0])]) : left;
        right = rightIsVector ? Moves.ByAxes(right, [AxisPick.All(0, right.Shape[0]), AxisPick.New(1)]) : right;
        var product = Multiply(call, left, right);
        var shape = product.Shape.ToList();
        if (leftIsVector)
        {
            shape.RemoveAt(shape.Count - 2);
        }

        if (rightIsVector)
        {
            shape.RemoveAt(shape.Count - 1);
        }

        call.Set(0, product with { Shape = [.. shape] });
    }

    /// <summary>A product of matrices of at least two axes.</summary>
    public static LabelValue Multiply(OperatorCall call, Value left, Value right)
    {
        if (IsMatrix(right) && left is not WeightValue)
        {
            HoldRows(left, ((WeightValue)right).Axes[^2]);
            return Contraction.Dense(call.Store, call.Labels(left), (WeightValue)right);
        }

        if (!IsMatrix(left) || right is WeightValue)
        {
            return Contraction.Product(call.Store, call.Labels(left), call.Labels(right));
        }

        HoldRows(right, ((WeightValue)left).Axes[^1]);
        var rows = Turned(call.Labels(right));
        return Turned(Contraction.Dense(call.Store, rows, (WeightValue)Turned(left)));
    }

    // Numbers that are equal at the sizes of the run (the places of a one-hot index that it does not reach) need not be
    // so at others.
    private static void HoldRows(Value numbers, WeightAxis rows)
    {
        if (numbers is KnownValue { Origin: not KnownOrigin.Constant })
        {
            rows.Pin("multiplied with numbers that depend on lengths or on the caller");
        }
    }

    private static bool IsMatrix(Value value) =>
        value is WeightValue weight && weight.Axes[^1].IsIndexed && weight.Axes[^2].IsIndexed;

    private static LabelValue Turned(LabelValue value) => (LabelValue)Turned((Value)value);

    private static Value Turned(Value value)
    {
        var picks = Enumerable.Range(0, value.Rank).Select(axis => AxisPick.All(axis, value.Shape[axis])).ToArray();
        (picks[^1], picks[^2]) = (picks[^2], picks[^1]);
        return Moves.ByAxes(value, picks);
    }
}
