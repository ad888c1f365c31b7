using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>
/// Rows that are written at places which the caller sends. At the sizes of the run they are these, in use any: so every
/// row keeps its place, also in caches of a fixed length, whose rows would pass for features.
/// </summary>
internal static class WrittenPlaces
{
    private const string Reason = "written at an index that the caller sends";

    /// <param name="call">The operator.</param>
    /// <param name="value">What is written into.</param>
    /// <param name="axis">The axis that the index counts along.</param>
    public static void Hold(OperatorCall call, LabelValue value, int axis)
    {
        // One kind for a place: what lies side by side in it may still move.
        var lanes = AxisLanes.Of(value, axis);
        for (var outer = 0; outer < lanes.Outer; outer++)
        {
            for (var place = 0; place < lanes.Length; place++)
            {
                var kind = call.Store.Kinds.Id(PinKinds.Prefix + Reason, place);
                CellWise.Ordered(call.Store, kind, lanes.Row(outer, place));
            }
        }
    }

    /// <summary>What is written over here stays elsewhere, beside what is written: both keep one order.</summary>
    /// <param name="call">The operator.</param>
    /// <param name="before">Labels that are written over.</param>
    /// <param name="written">What is written, cell by cell.</param>
    public static void Tie(OperatorCall call, int[] before, int[] written)
    {
        if (before.Length > 0)
        {
            CellWise.Ordered(call.Store, call.Store.Kinds.Id(HoldingKinds.Kept), before, written);
        }
    }
}
