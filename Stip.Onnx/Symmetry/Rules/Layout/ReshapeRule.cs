using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>The same cells in another shape.</summary>
internal sealed class ReshapeRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Reshape", "Flatten"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var shape = ShapeOf(call, value.Shape);
        call.Store.HasPartedLanes |= shape is [.., _, 2] && value.Rank > 0 && value.Shape[^1] != 2
            && PartedLanes.Are(call, value, value.Rank - 1);
        call.Set(0, Reshape(value, shape));
    }

    /// <summary>The shape that a value of a shape becomes.</summary>
    public static int[] ShapeOf(OperatorCall call, int[] shape) =>
        call.Operation == "Flatten" ? Flat(call, shape) : Target(call, shape);

    private static int[] Flat(OperatorCall call, int[] shape)
    {
        var axis = Shapes.Axis(call.Integer("axis", 1), shape.Length);
        return [Shapes.Count(shape.AsSpan(0, axis)), Shapes.Count(shape.AsSpan(axis))];
    }

    private static int[] Target(OperatorCall call, int[] shape)
    {
        var target = call.Known(1).Integers;
        var copyZeros = call.Integer("allowzero", 0) == 0;
        var open = -1;
        for (var axis = 0; axis < target.Length; axis++)
        {
            if (target[axis] == 0 && copyZeros)
            {
                target[axis] = shape[axis];
            }

            if (target[axis] == -1)
            {
                open = axis;
                target[axis] = 1;
            }
        }

        if (open >= 0)
        {
            target[open] = Shapes.Count(target) == 0 ? 0 : Shapes.Count(shape) / Shapes.Count(target);
        }

        return Shapes.Count(target) == Shapes.Count(shape)
            ? target
            : throw new InvalidDataException($"[{string.Join(',', shape)}] cannot become [{string.Join(',', target)}]");
    }

    /// <summary>The cells of a value, in their order, in another shape.</summary>
    public static Value Reshape(Value value, int[] shape) => value switch
    {
        KnownValue known => known with { Shape = shape },
        LabelValue labels => labels with { Shape = shape },
        WeightValue weight => WeightReshape.Reshape(weight, shape)
            ?? (Value)(weight.Weight.WriteOut(weight) with { Shape = shape }),
        _ => throw new InvalidOperationException(),
    };
}
