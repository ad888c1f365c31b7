using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>
/// Tells rows that were picked by their places from the others. Positions share labels, so that a first row and a last
/// one, or rows backwards, would look like any row: what is multiplied with the one would trade places with what is
/// multiplied with the other.
/// </summary>
internal static class PickedRows
{
    /// <summary>The picked cells, named by their places where labels do not tell those.</summary>
    /// <param name="call">The operator.</param>
    /// <param name="source">What is picked from.</param>
    /// <param name="picked">The picked cells.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="indices">The places along it.</param>
    public static Value Told(OperatorCall call, Value source, Value picked, int axis, int[] indices)
    {
        var length = source.Shape[axis];
        if (source is not LabelValue labels || picked is not LabelValue rows || indices.Length == 0 || length < 2
            || indices.AsSpan().SequenceEqual([.. Enumerable.Range(0, length)]) || IsTold(labels, axis, indices[0]))
        {
            return picked;
        }

        var kind = call.Store.Kinds.Id($"rows {string.Join(' ', indices)} of {length}");
        return rows with { Labels = CellWise.Ordered(call.Store, kind, rows.Labels) };
    }

    // Whether any other place holds something else.
    private static bool IsTold(LabelValue value, int axis, int first)
    {
        var inner = Shapes.Count(value.Shape.AsSpan(axis + 1));
        var length = value.Shape[axis];
        return Enumerable.Range(0, length).Where(place => place != first).All(place => !AreSame(place));

        bool AreSame(int place)
        {
            for (var start = 0; start < value.Labels.Length; start += length * inner)
            {
                if (!value.Labels.AsSpan(start + (first * inner), inner)
                    .SequenceEqual(value.Labels.AsSpan(start + (place * inner), inner)))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
