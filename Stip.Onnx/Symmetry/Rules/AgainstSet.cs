using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>Labels of an operator whose cells depend on themselves and on the set of cells along some axes.</summary>
internal static class AgainstSet
{
    public static LabelValue Label(OperatorCall call, LabelValue value, int[] axes)
    {
        var (kind, setKind) = (call.Kind(), call.Store.Kinds.Id("set"));
        var labels = new int[value.Labels.Length];
        foreach (var cells in new AxisGroups(value.Shape, axes))
        {
            var set = call.Store.Unordered(setKind, Array.ConvertAll(cells, cell => value.Labels[cell]));
            foreach (var cell in cells)
            {
                labels[cell] = call.Store.Ordered(kind, value.Labels[cell], set);
            }
        }

        return new LabelValue(value.Shape, labels);
    }

    /// <summary>The label of the sets themselves, for operators that also give a mean or a variance.</summary>
    public static LabelValue Sets(OperatorCall call, LabelValue value, int[] axes, string what)
    {
        var kind = call.Store.Kinds.Id(what);
        var groups = new AxisGroups(value.Shape, axes);
        return new LabelValue(
            groups.KeptShape,
            [.. groups.Select(cells => call.Store.Unordered(
                kind, Array.ConvertAll(cells, cell => value.Labels[cell])))]);
    }
}
