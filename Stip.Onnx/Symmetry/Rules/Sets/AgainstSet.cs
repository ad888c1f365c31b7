using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Sets;

/// <summary>Labels of an operator whose cells depend on themselves and on the set of cells along some axes.</summary>
internal static class AgainstSet
{
    public static LabelValue Label(OperatorCall call, LabelValue value, int[] axes)
    {
        var cells = new SetCells(call.Store, value, axes);
        var sets = cells.Label(call.Store.Kinds.Id("set"));
        return new LabelValue(value.Shape, cells.Against(call.Kind(), sets));
    }

    /// <summary>The label of the sets themselves, for operators that also give a mean or a variance.</summary>
    public static LabelValue Sets(OperatorCall call, LabelValue value, int[] axes, string what)
    {
        var cells = new SetCells(call.Store, value, axes);
        return new LabelValue(cells.KeptShape, cells.Label(call.Store.Kinds.Id(what)));
    }
}
