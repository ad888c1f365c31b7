using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>Computed indices compared with constant ones: "is it this place".</summary>
internal static class IndexComparison
{
    /// <summary>A label for every cell, null where no operand is an index.</summary>
    public static LabelValue? Of(OperatorCall call)
    {
        var (left, right) = (call.Input(0), call.Input(1));
        if (left is KnownValue)
        {
            (left, right) = (right, left);
        }

        if (left is not LabelValue index || right is not KnownValue { Origin: not KnownOrigin.Caller } known
            || index.Labels.All(label => call.Indices.PlacesOf(label) is null))
        {
            IndexUse.Guard(call.Inputs, call.Store, call.Indices);
            return null;
        }

        var shape = Shapes.Broadcast(left.Shape, right.Shape);
        var (a, b) = (Shapes.Stretch(left.Shape, shape), Shapes.Stretch(right.Shape, shape));
        return new LabelValue(shape, [.. a.Zip(b).Select(cell =>
            PickByIndex.IsAt(call, index.Labels[cell.First], (int)known.Numbers[cell.Second]))]);
    }
}
