using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Rules.Sets;

/// <summary>Sums, means, extremes and norms over axes: a node of the set of cells.</summary>
internal sealed class ReduceRule : IOperatorRule
{
    private static readonly Dictionary<string, Func<IEnumerable<double>, double>> OfNumbers = new()
    {
        ["ReduceSum"] = numbers => numbers.Sum(),
        ["ReduceProd"] = numbers => numbers.Aggregate(1.0, (product, number) => product * number),
        ["ReduceMax"] = numbers => numbers.Max(),
        ["ReduceMin"] = numbers => numbers.Min(),
        ["ReduceMean"] = numbers => numbers.Average(),
    };

    public IEnumerable<string> Operators =>
    [
        .. OfNumbers.Keys, "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp",
    ];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var axes = Axes(call, value.Rank);
        if (axes.Length == 0)
        {
            call.Set(0, value);
            return;
        }

        var groups = new AxisGroups(value.Shape, axes);
        var shape = call.Integer("keepdims", 1) != 0 ? groups.KeptShape : groups.DroppedShape;
        if (value is KnownValue known && OfNumbers.TryGetValue(call.Operation, out var reduce))
        {
            var numbers = groups.Select(cells => reduce(cells.Select(cell => known.Numbers[cell]))).ToArray();
            var type = known.Type == DataType.Bool ? DataType.Int64 : known.Type;
            call.Set(0, new KnownValue(shape, numbers, type, known.Origin));
            return;
        }

        call.Set(0, AgainstSet.Sets(call, call.Labels(value), axes, call.Operation) with { Shape = shape });
    }

    /// <summary>The axes that are reduced.</summary>
    public static int[] Axes(OperatorCall call, int rank)
    {
        var axes = call.Integers("axes")?.Select(axis => (int)axis).ToArray()
            ?? (call.Optional(1) is null ? [] : call.Known(1).Integers);
        return axes.Length == 0 && call.Integer("noop_with_empty_axes", 0) == 0
            ? [.. Enumerable.Range(0, rank)]
            : Array.ConvertAll(axes, axis => Shapes.Axis(axis, rank));
    }
}
