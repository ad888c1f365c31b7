using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>
/// Follows attention that is written with plain operators, product by softmax by product, without a node for every
/// score: what works on rows of scores is noted, and done when the shares meet the values.
/// </summary>
internal static class ScoreSteps
{
    private static readonly HashSet<string> ByCell =
        [.. new ElementwiseRule().Operators, "Where", "com.microsoft.BiasSoftmax"];

    /// <summary>The output of an operator on scores, or null where they must be written out for it.</summary>
    /// <param name="call">The operator.</param>
    /// <param name="write">Runs it on cells that are written out.</param>
    public static Value? Follow(OperatorCall call, Func<OperatorCall> write)
    {
        ScoresValue[] scores = [.. call.Inputs.OfType<ScoresValue>()];
        if (scores.Length == 0)
        {
            return Start(call, write);
        }

        return Array.Exists(scores, other => other.Product != scores[0].Product) ? null : call.Operation switch
        {
            "Identity" or "Dropout" or "Cast" => call.Input(0),
            "Shape" => Sized(call),
            "MatMul" or "com.microsoft.FusedMatMul" => Mixed(call),
            "Reshape" or "Flatten" => Reshaped(call, write),
            "Softmax" or "LogSoftmax" => IsLast(call.Integer("axis", -1), scores[0]) ? Step(call, write) : null,
            _ when call.Operation.StartsWith("Reduce", StringComparison.Ordinal) => Reduced(call, write),
            _ when ByCell.Contains(call.Operation) => Step(call, write),
            _ => null,
        };
    }

    private static ScoresValue? Start(OperatorCall call, Func<OperatorCall> write)
    {
        if (call.Operation is not ("MatMul" or "com.microsoft.FusedMatMul")
            || call.Inputs is not [LabelValue { Rank: > 1 }, LabelValue { Rank: > 1 }])
        {
            return null;
        }

        var (left, right) = Operands(call);
        var factor = FusedMatMulRule.Factor(call);
        var keys = Contraction.Transposed((LabelValue)right);
        var product = new ScoreProduct(call.Store, (LabelValue)left, keys);
        return Shapes.Count(product.Shape) > call.Store.MostScores
            && left.Shape[^1] == keys.Shape[^1] && Contraction.RisesAlongSum(call.Store, product.Queries, keys)
            ? new ScoresValue(product.Shape, product, Row, HasPlaces: false, new(write))
            : null;

        int Row(int row, int dot) => factor is { } kind ? call.Store.Ordered(kind, [dot]) : dot;
    }

    private static (Value Left, Value Right) Operands(OperatorCall call) =>
        call.Operation == "MatMul" ? (call.Input(0), call.Input(1)) : FusedMatMulRule.Operands(call);

    private static bool IsLast(long axis, Value value) =>
        Shapes.Axis(axis, value.Rank) == value.Rank - 1 && value.Shape[^1] > 1;

    private static Value? Sized(OperatorCall call)
    {
        new ShapeRule().Apply(call);
        return call.Outputs[0];
    }

    private static ScoresValue? Reshaped(OperatorCall call, Func<OperatorCall> write)
    {
        var scores = (ScoresValue)call.Input(0);
        var shape = ReshapeRule.ShapeOf(call, scores.Shape);
        return shape.Length > 1 && shape[^1] == scores.Shape[^1]
            ? scores with { Shape = shape, Written = new(write) }
            : null;
    }

    private static ScoresValue? Reduced(OperatorCall call, Func<OperatorCall> write)
    {
        var scores = (ScoresValue)call.Input(0);
        return ReduceRule.Axes(call, scores.Rank) is [var axis] && IsLast(axis, scores)
            && call.Integer("keepdims", 1) != 0
            ? Step(call, write, [scores], [.. scores.Shape[..^1], 1])
            : null;
    }

    private static ScoresValue? Step(OperatorCall call, Func<OperatorCall> write)
    {
        Value[] inputs = [.. call.Inputs.OfType<Value>()];
        var shape = inputs.Select(input => input.Shape).Aggregate((one, other) => Shapes.Broadcast(one, other));
        return inputs.OfType<ScoresValue>().Any(scores => scores.Shape.AsSpan().SequenceEqual(shape))
            && inputs.OfType<ScoresValue>().All(scores => scores.Shape.AsSpan(..^1).SequenceEqual(shape.AsSpan(..^1)))
            ? Step(call, write, inputs, shape)
            : null;
    }

    private static ScoresValue Step(OperatorCall call, Func<OperatorCall> write, Value[] inputs, int[] shape)
    {
        var (kind, first) = (call.Kind(), inputs.OfType<ScoresValue>().First());
        ScoreExtras[] extras = [.. inputs.Select(input => input is ScoresValue
            ? ScoreExtras.None
            : ScoreExtras.Of(call.Store, call.Labels(input), shape))];
        return new ScoresValue(
            shape,
            first.Product,
            (row, dot) => call.Store.Ordered(kind, [.. inputs.Select((input, i) =>
                input is ScoresValue scores ? scores.Row(row, dot) : extras[i].Rows[row])]),
            inputs.OfType<ScoresValue>().Any(scores => scores.HasPlaces) || Array.Exists(extras, row => row.HasPlaces),
            new(write));
    }

    private static LabelValue? Mixed(OperatorCall call)
    {
        if (call.Inputs is not [ScoresValue scores, LabelValue { Rank: > 1 }]
            || call.Integer("transA", 0) + call.Integer("transBatchA", 0) != 0 || scores.Rank < 2)
        {
            return null;
        }

        var values = (LabelValue)(call.Operation == "MatMul" ? call.Input(1) : FusedMatMulRule.Right(call));
        return values.Shape[^2] == scores.Shape[^1] && scores.Shape[^1] == scores.Product.KeyCount
            && Shapes.Broadcast(values.Shape.AsSpan(..^2), scores.Shape.AsSpan(..^2)).AsSpan()
                .SequenceEqual(scores.Shape.AsSpan(..^2))
            && Contraction.RisesAlongRows(call.Store, values) && scores.Product.Mix(scores, values) is { } mixed
            ? FusedMatMulRule.Scaled(call, mixed)
            : null;
    }
}
