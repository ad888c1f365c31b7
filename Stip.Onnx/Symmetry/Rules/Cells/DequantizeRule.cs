using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Cells;

/// <summary>Integers to numbers: a weight keeps its axes, which then hang on those of its scales.</summary>
internal sealed class DequantizeRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["DequantizeLinear", "com.microsoft.DequantizeLinear"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var axis = value.Rank == 0 ? 0 : Shapes.Axis(call.Integer("axis", 1), value.Rank);
        if (value is WeightValue weight)
        {
            call.Set(0, Dequantized(call, weight, axis));
            return;
        }

        // Activations: every cell with the factors of its own place.
        call.Set(0, QuantizeRule.CellWise(call, call.Labels(0), axis, 1, 2));
    }

    private static WeightValue Dequantized(OperatorCall call, WeightValue weight, int axis)
    {
        var block = (int)call.Integer("block_size", 0);
        if (call.Input(1).Count == 1 && call.Optional(2) is null or { Count: 1 })
        {
            return weight;
        }

        return block > 0 || call.Input(1).Rank == weight.Rank
            ? QuantizedMatrix.Dequantized(weight, axis, block, Factor(call, 1), Factor(call, 2))
            : QuantizedMatrix.PerIndex(weight, axis, Factor(call, 1), Factor(call, 2));
    }

    private static WeightValue? Factor(OperatorCall call, int input) => call.Optional(input) switch
    {
        WeightValue weight => weight,
        LabelValue { Count: > 1 } =>
            throw new NotSupportedException($"{call.Operation} with factors that are computed"),
        _ => null,
    };
}
