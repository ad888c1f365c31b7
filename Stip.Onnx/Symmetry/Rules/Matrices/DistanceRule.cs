using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>Distances between all rows of two matrices: a sum over features like a product, then a function.</summary>
/// <remarks>Inputs: 0 A <c>[M, features]</c>, 1 B <c>[N, features]</c>; output <c>[M, N]</c>.</remarks>
internal sealed class DistanceRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["com.microsoft.CDist"];

    public void Apply(OperatorCall call)
    {
        var others = call.Labels(1);
        var turned = (LabelValue)Moves.ByAxes(
            others, [AxisPick.All(1, others.Shape[1]), AxisPick.All(0, others.Shape[0])]);
        var sums = Contraction.Product(call.Store, call.Labels(0), turned);
        call.Set(0, Elementwise.Combine(call, call.Kind(), [sums]));
    }
}
