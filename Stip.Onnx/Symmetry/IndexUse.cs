using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Values;

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

    /// <summary>Holds what indices among these values point at.</summary>
    public static void Guard(IEnumerable<Value?> values, NodeStore store, IndexNodes indices)
    {
        if (indices.IsEmpty)
        {
            return;
        }

        foreach (var label in values.OfType<LabelValue>().SelectMany(value => value.Labels).Distinct())
        {
            var places = indices.PlacesOf(label) ?? [];
            for (var place = 0; place < places.Length; place++)
            {
                store.Ordered(store.Kinds.Id(PinKinds.Prefix + Reason, place), places[place]);
            }
        }
    }
}
