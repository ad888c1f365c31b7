using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Cells;

/// <summary>A bias, then the first half of the features times the Gelu of the second.</summary>
internal sealed class SplitGeluRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["com.microsoft.BiasSplitGelu"];

    public void Apply(OperatorCall call)
    {
        var sum = NormalizationRule.FeatureWise(call, "Add", call.Labels(0), call.Input(1));
        call.Set(0, Elementwise.Combine(call, call.Kind(), [Half(sum, 0), Half(sum, 1)]));
    }

    private static Value Half(LabelValue value, int part) => Moves.ByAxes(value, [
        .. Enumerable.Range(0, value.Rank - 1).Select(axis => AxisPick.All(axis, value.Shape[axis])),
        new AxisPick(value.Rank - 1, [.. Enumerable.Range(part * value.Shape[^1] / 2, value.Shape[^1] / 2)]),
    ]);
}
