using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// Watches what becomes of computed indices. Operators that hand them on, or that compare them with places, are safe;
/// any other uses the number itself, so what it points at stays where it is.
/// </summary>
internal static class IndexUse
{
    private const string Reason = "its place is used as a number";

    private static readonly HashSet<string> Safe = new(StringComparer.Ordinal)
    {
        "Identity", "Cast", "CastLike", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Split",
        "Concat", "Expand", "Tile", "Shape", "Size", "Gather", "GatherElements", "GatherND", "ScatterElements",
        "ScatterND", "OneHot", "Equal", "Clip", "Min", "Max", "Less", "GreaterOrEqual", "SplitToSequence",
        "SequenceConstruct", "SequenceAt", "SequenceInsert", "SequenceErase", "ConcatFromSequence", "Optional",
        "OptionalGetElement", "ReverseSequence",
        "ConstantOfShape", "If", "Loop", "Scan",
    };

    /// <summary>Holds what indices point at where an operator uses them as numbers.</summary>
    public static void Guard(OperatorCall call)
    {
        if (!Safe.Contains(call.Operation))
        {
            Guard(call.Inputs, call.Store, call.Indices);
        }
    }

    /// <summary>What stands at the places that an output of a graph may point at, one list for each of its cells; null
    /// where it is not made of indices alone. Whoever has the keys puts their numbers in order.</summary>
    public static int[][]? PlacesOf(ValueInfoProto output, Value? value, IndexNodes indices)
    {
        if (value is not LabelValue { Labels.Length: > 0 } labels
            || (DataType)(output.Type?.TensorType?.ElemType ?? 0) is not (DataType.Int64 or DataType.Int32))
        {
            return null;
        }

        int[]?[] places = [.. labels.Labels.Distinct().Select(indices.PlacesOf)];
        return Array.TrueForAll(places, place => place?.Length == places[0]?.Length && place is not null)
            ? places.OfType<int[]>().ToArray()
            : null;
    }

    /// <summary>Holds what indices among these values point at.</summary>
    public static void Guard(IEnumerable<Value?> values, NodeStore store, IndexNodes indices)
    {
        if (indices.IsEmpty)
        {
            return;
        }

        foreach (var label in values.SelectMany(Labels).Distinct())
        {
            var places = indices.PlacesOf(label) ?? [];
            for (var place = 0; place < places.Length; place++)
            {
                store.Ordered(store.Kinds.Id(PinKinds.Prefix + Reason, place), places[place]);
            }
        }
    }

    private static IEnumerable<int> Labels(Value? value) => value switch
    {
        LabelValue labels => labels.Labels,
        SequenceValue list => list.Items.SelectMany(Labels),
        _ => [],
    };
}
