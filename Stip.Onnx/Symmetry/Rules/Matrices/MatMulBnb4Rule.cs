using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>Products with matrices of 4-bit codes in blocks along K, as bitsandbytes packs them.</summary>
/// <remarks>Inputs: 0 A, 1 B: <c>[N, K]</c> flattened, the high half of a byte first, 2 absmax: one factor a
/// block.</remarks>
internal sealed class MatMulBnb4Rule : IOperatorRule
{
    public IEnumerable<string> Operators => ["com.microsoft.MatMulBnb4"];

    public void Apply(OperatorCall call)
    {
        var (inner, outer) = ((int)call.Integer("K", 0), (int)call.Integer("N", 0));
        var block = (int)call.Integer("block_size", 64);
        if (inner % block != 0 || call.Integer("transB", 1) == 0)
        {
            throw new NotSupportedException("MatMulBnb4 with blocks that reach over rows, or turned");
        }

        var matrix = QuantizedMatrix.Dequantized(
            PackedWeight.Of(call, 1, 4, outer, inner), 1, block, PackedWeight.Factors(call, 2, outer, inner / block));

        // Halves of bytes are read low half first; here the high half is the earlier number.
        int[] order = [.. Enumerable.Range(0, inner).Select(index => index ^ 1)];
        call.Set(0, MatMulRule.Multiply(
            call, call.Input(0), Moves.ByAxes(matrix, [new AxisPick(1, order), AxisPick.All(0, outer)])));
    }
}
