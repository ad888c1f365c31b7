using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>A matrix product with a bias; either matrix may be transposed. The factors scale all cells alike.</summary>
internal sealed class GemmRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Gemm", "com.microsoft.FusedGemm"];

    public void Apply(OperatorCall call)
    {
        var product = MatMulRule.Multiply(
            call,
            Turn(call.Input(0), call.Integer("transA", 0) != 0),
            Turn(call.Input(1), call.Integer("transB", 0) != 0));
        var sum = call.Optional(2) is { } bias ? NormalizationRule.FeatureWise(call, "Add", product, bias) : product;
        call.Set(0, FusedActivation.Apply(call, sum));
    }

    private static Value Turn(Value value, bool turned) => turned
        ? Moves.ByAxes(value, [AxisPick.All(1, value.Shape[1]), AxisPick.All(0, value.Shape[0])])
        : value;
}
