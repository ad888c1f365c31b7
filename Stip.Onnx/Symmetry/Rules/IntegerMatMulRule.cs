using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>Products of quantised tensors; factors and zero points of columns follow the columns.</summary>
internal sealed class IntegerMatMulRule : IOperatorRule
{
    public IEnumerable<string> Operators =>
    [
        "MatMulInteger", "com.microsoft.MatMulIntegerToFloat", "com.microsoft.DynamicQuantizeMatMul",
    ];

    public void Apply(OperatorCall call)
    {
        var product = MatMulRule.Multiply(call, call.Input(0), call.Input(1));

        // What stands beside the matrices is one number, or one for every column.
        var factors = Enumerable.Range(2, Math.Max(0, call.Inputs.Count - 2)).Select(call.Optional).OfType<Value>();
        foreach (var factor in factors)
        {
            if (factor.Count > 1 && factor.Shape[^1] != product.Shape[^1])
            {
                throw new NotSupportedException($"{call.Operation} with factors of rows");
            }

            product = Elementwise.Combine(call, call.Kind("factor"), [product, factor]);
        }

        call.Set(0, product);
    }
}
