using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>Products of quantised tensors; factors and zero points of columns follow the columns.</summary>
/// <remarks>Inputs of MatMulInteger and its kin: 0 A, 1 B, then what belongs to either or to the result. Of
/// QLinearMatMul and QGemm: 0 A, 1 and 2 its scale and zero point, 3 B, 4 and 5 its own, then the bias of QGemm, then
/// the scale and zero point of the result.</remarks>
internal sealed class IntegerMatMulRule : IOperatorRule
{
    private const string Gemm = "com.microsoft.QGemm";

    public IEnumerable<string> Operators =>
    [
        "MatMulInteger", "com.microsoft.MatMulIntegerToFloat", "com.microsoft.DynamicQuantizeMatMul", "QLinearMatMul",
        Gemm,
    ];

    public void Apply(OperatorCall call)
    {
        var second = call.Operation is "QLinearMatMul" or Gemm ? 3 : 1;
        var product = MatMulRule.Multiply(
            call, Turned(call, call.Input(0), "transA"), Turned(call, call.Input(second), "transB"));

        // What stands beside the matrices is one number, or one for every column.
        for (var input = 1; input < call.Inputs.Count; input++)
        {
            if (input == second || call.Optional(input) is not { } factor)
            {
                continue;
            }

            if (factor.Count > 1 && (factor.Shape[^1] != product.Shape[^1] || input < second))
            {
                throw new NotSupportedException($"{call.Operation} with factors of rows");
            }

            product = Elementwise.Combine(call, call.Kind($"factor {input}"), [product, factor]);
        }

        call.Set(0, product);
    }

    private static Value Turned(OperatorCall call, Value value, string attribute) => call.Integer(attribute, 0) == 0
        ? value
        : Moves.ByAxes(value, [AxisPick.All(1, value.Shape[1]), AxisPick.All(0, value.Shape[0])]);
}
