using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Picking;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Flow;

/// <summary>A choice between two inner graphs: both are followed where either may run, and their outputs share one
/// layout.</summary>
internal sealed class BranchRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["If"];

    public void Apply(OperatorCall call)
    {
        var condition = call.Input(0) as KnownValue;
        var isTaken = condition is null || condition.Numbers[0] != 0;
        var taken = call.RunInner(isTaken ? "then_branch" : "else_branch");
        var other = condition?.Origin == KnownOrigin.Constant ? null : Other(call, condition, isTaken, taken);
        for (var output = 0; output < taken.Length; output++)
        {
            call.Set(output, other is null ? taken[output]
                : taken[output] is KnownValue left && other[output] is KnownValue right ? Join(left, right)
                : Join(call, output, call.Labels(taken[output]), call.Labels(other[output])));
        }
    }

    // A branch for other lengths need not run at these, or gives other axes than are read here: what it would do to
    // what it reads, and in which order it gives what is then taken instead, is unknown.
    private static Value[]? Other(OperatorCall call, KnownValue? condition, bool isTaken, Value[] taken)
    {
        var branch = isTaken ? "else_branch" : "then_branch";
        try
        {
            var other = call.RunInner(branch);
            if (condition?.Origin != KnownOrigin.Sizes
                || taken.Zip(other).All(pair => pair.First.Rank == pair.Second.Rank))
            {
                return other;
            }
        }
        catch (RefusedException) when (condition?.Origin == KnownOrigin.Sizes)
        {
            // It is held below.
        }

        UnseenGraph.Hold(call, call.Attribute(branch)!.G, taken);
        return null;
    }

    private static KnownValue Join(KnownValue taken, KnownValue other)
    {
        var isSame = taken.Numbers.AsSpan().SequenceEqual(other.Numbers);
        return taken with { Origin = isSame ? KnownValue.OriginOf(taken, other) : KnownOrigin.Caller };
    }

    private static LabelValue Join(OperatorCall call, int output, LabelValue a, LabelValue b)
    {
        if (a.Labels.Length == 0 || b.Labels.Length == 0)
        {
            return a.Labels.Length == 0 ? b : a;
        }

        // Numbers that decide may be equal here and differ elsewhere; computed ones say which they are.
        var kind = call.Store.Kinds.Id("either", call.Input(0) is KnownValue ? call.Store.Count : 0);
        Value[] decides = call.Input(0) is KnownValue ? [] : [call.Labels(0)];
        if (a.Shape.AsSpan().SequenceEqual(b.Shape))
        {
            return new LabelValue(a.Shape, Choice.Of(
                call.Store, kind, [a.Labels, b.Labels], decides is [LabelValue one] ? one.Labels : null));
        }

        if (a.Rank != b.Rank)
        {
            throw new NotSupportedException(
                $"its branches give output {output} {a.Rank} and {b.Rank} axes");
        }

        // Lengths differ along positions: each feature is tied to all of itself in the other branch, position by
        // position, for a table's rows have places there too.
        int[] free = [.. Enumerable.Range(0, a.Rank).Where(axis => a.Shape[axis] != b.Shape[axis])];
        return Elementwise.Combine(call, kind, [a, InOrder(call, b, free), .. decides]);
    }

    private static LabelValue InOrder(OperatorCall call, LabelValue value, int[] axes)
    {
        var groups = new AxisGroups(value.Shape, axes);
        int[][] features = [.. groups];
        int[][] places = [.. Enumerable.Range(0, features[0].Length).Select(place =>
            Array.ConvertAll(features, cells => value.Labels[cells[place]]))];
        var kind = call.Store.Kinds.Id("of the other branch");
        return new LabelValue(groups.KeptShape, CellWise.Ordered(call.Store, kind, places));
    }
}
