using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>Tells whether lanes run along an axis whose even and odd indices a graph takes apart.</summary>
internal static class PartedLanes
{
    // Shorter ones are cheap lane by lane.
    private const int Shortest = 8;

    public static bool Are(OperatorCall call, Value value, int axis)
    {
        var length = value.Shape[axis];
        return length >= Shortest && length % 2 == 0 && value is LabelValue labels && labels.Count > 0
            && call.Store.Runs.IsNext(labels.Labels[0], labels.Labels[Shapes.Strides(labels.Shape)[axis]]);
    }
}
