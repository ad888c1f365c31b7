using Stip.Onnx.Symmetry.Rules.Picking;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Cells;

/// <summary>Computed indices compared with constant ones: "is it this place", or kept within bounds that they never
/// leave.</summary>
internal static class IndexComparison
{
    /// <summary>The result, null where no operand is an index or the operator uses it as a number.</summary>
    public static Value? Of(OperatorCall call)
    {
        if (call.Indices.IsEmpty || call.Inputs.OfType<LabelValue>().FirstOrDefault() is not { } index
            || index.Labels.All(label => call.Indices.PlacesOf(label) is null))
        {
            return null;
        }

        Value? made = call.Operation switch
        {
            "Equal" => Compared(call, index),
            "Clip" or "Min" or "Max" when KeepsAll(call, index) => index,
            "Less" or "GreaterOrEqual" when IsBeyond(call, index) => Settled(call, index),
            _ => null,
        };
        if (made is null)
        {
            IndexUse.Guard(call.Inputs, call.Store, call.Indices);
        }

        return made;
    }

    private static LabelValue? Compared(OperatorCall call, LabelValue index)
    {
        if (call.Inputs.OfType<KnownValue>().FirstOrDefault() is not { Origin: not KnownOrigin.Caller } known)
        {
            return null;
        }

        var shape = Shapes.Broadcast(index.Shape, known.Shape);
        var (a, b) = (Shapes.Stretch(index.Shape, shape), Shapes.Stretch(known.Shape, shape));
        return new LabelValue(shape, [.. a.Zip(b).Select(cell =>
            PickByIndex.IsAt(call, index.Labels[cell.First], (int)known.Numbers[cell.Second]))]);
    }

    // Bounds that no place is beyond change nothing.
    private static bool KeepsAll(OperatorCall call, LabelValue index)
    {
        var last = Places(call, index) - 1;
        var bounds = call.Inputs.Select((input, place) => (input, place)).Where(entry => entry.input is KnownValue)
            .Select(entry => (((KnownValue)entry.input!).Numbers[0], IsLower: call.Operation == "Max"
                || (call.Operation == "Clip" && entry.place == 1)));
        return call.Inputs.OfType<LabelValue>().Count() == 1
            && bounds.All(bound => bound.IsLower ? bound.Item1 <= 0 : bound.Item1 >= last);
    }

    private static bool IsBeyond(OperatorCall call, LabelValue index) =>
        call.Input(0) == index && call.Input(1) is KnownValue { Count: 1 } bound
        && bound.Numbers[0] >= Places(call, index);

    private static KnownValue Settled(OperatorCall call, LabelValue index)
    {
        var numbers = new double[index.Count];
        Array.Fill(numbers, call.Operation == "Less" ? 1 : 0);
        return new KnownValue(index.Shape, numbers, Model.TensorProto.Types.DataType.Bool, KnownOrigin.Sizes);
    }

    private static int Places(OperatorCall call, LabelValue index) =>
        index.Labels.Max(label => call.Indices.PlacesOf(label)?.Length ?? 0);
}
