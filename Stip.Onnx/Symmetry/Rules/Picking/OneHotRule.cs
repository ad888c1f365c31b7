using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>One place of a new axis told from all others.</summary>
internal sealed class OneHotRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["OneHot"];

    public void Apply(OperatorCall call)
    {
        var indices = call.Input(0);
        var depth = call.Known(1).Integers[0];
        var axis = Shapes.Axis(call.Integer("axis", -1), indices.Rank + 1);
        int[] shape = [.. indices.Shape[..axis], depth, .. indices.Shape[axis..]];
        var inner = Shapes.Count(indices.Shape.AsSpan(axis));
        (int Index, int Place)[] cells = [.. Enumerable.Range(0, Shapes.Count(shape)).Select(cell =>
            ((cell / (inner * depth) * inner) + (cell % inner), cell / inner % depth))];
        if (indices is KnownValue known && call.Input(2) is KnownValue { Count: 2 } values)
        {
            double[] numbers = [.. cells.Select(cell => values.Numbers[
                Shapes.Axis((long)known.Numbers[cell.Index], depth) == cell.Place ? 1 : 0])];
            call.Set(0, new KnownValue(shape, numbers, values.Type, known.Origin));
            return;
        }

        var (index, offOn) = (call.Labels(indices).Labels, call.Labels(2).Labels);
        var kind = call.Store.Kinds.Id("one hot");
        call.Set(0, new LabelValue(shape, [.. cells.Select(cell => call.Store.Ordered(
            kind, PickByIndex.IsAt(call, index[cell.Index], cell.Place), offOn[0], offOn[^1]))]));
    }
}
