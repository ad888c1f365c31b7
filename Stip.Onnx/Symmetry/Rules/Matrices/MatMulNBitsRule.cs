using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>Products with matrices of 2, 4 or 8 bits in blocks along K.</summary>
/// <remarks>Inputs: 0 A, 1 B <c>[N, K / block, bytes]</c>, 2 scales <c>[N, K / block]</c>, 3 zero_points, 4 g_idx, 5
/// bias.</remarks>
internal sealed class MatMulNBitsRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["com.microsoft.MatMulNBits"];

    public void Apply(OperatorCall call)
    {
        // Same shape and as many bytes, in an order of the GPU's. No CPU looks at the attribute, so no verification
        // would see that the order was torn apart.
        if (call.Integer("weight_prepacked", 0) is not 0 and var layout)
        {
            throw new NotSupportedException(
                $"MatMulNBits with weights that are laid out for one kind of GPU (weight_prepacked {layout}); build "
                + "the graph with matmulnbits_weights_prepacked=0");
        }

        var (inner, outer) = ((int)call.Integer("K", 0), (int)call.Integer("N", 0));
        var (bits, block) = ((int)call.Integer("bits", 4), (int)call.Integer("block_size", 32));
        var blocks = (inner + block - 1) / block;
        var packed = PackedWeight.Of(call, 1, bits, outer, blocks * block);

        WeightValue?[] factors = [PackedWeight.Factors(call, 2, outer, blocks), ZeroPoints(call, bits, outer, blocks)];
        var matrix = call.Optional(4) is WeightValue list
            ? QuantizedMatrix.Listed(packed, 1, list, factors)
            : Grouped(call, packed, block, factors);
        var turned = Moves.ByAxes(
            matrix, [new AxisPick(1, [.. Enumerable.Range(0, inner)]), AxisPick.All(0, outer)]);
        var product = MatMulRule.Multiply(call, call.Input(0), turned);
        call.Set(0, call.Optional(5) is { } bias
            ? NormalizationRule.FeatureWise(call, "Add", product, bias)
            : product);
    }

    // A list of groups that is known says which block an index belongs to; it stays as it is, so groups trade places
    // as wholes.
    private static WeightValue Grouped(
        OperatorCall call, WeightValue packed, int block, ReadOnlySpan<WeightValue?> factors)
    {
        var groups = call.Optional(4) is null ? null : call.Known(4).Integers;
        return QuantizedMatrix.Dequantized(
            packed, 1, index => groups is null || index >= groups.Length ? index / block : groups[index], factors);
    }

    // Packed like the matrix, or numbers of the type of the scales.
    private static WeightValue? ZeroPoints(OperatorCall call, int bits, int outer, int blocks) =>
        call.Optional(3) is not WeightValue weight ? null
        : Model.ElementTypes.IsFloat(weight.Weight.Tensor.Type) ? PackedWeight.Factors(call, 3, outer, blocks)
        : PackedWeight.Of(call, 3, bits, outer, blocks);
}
