using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>Rows of a block-quantised table.</summary>
/// <remarks>Inputs: 0 data, 1 indices, 2 scales, 3 zero_points.</remarks>
internal sealed class BlockQuantizedGatherRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["com.microsoft.GatherBlockQuantized"];

    public void Apply(OperatorCall call)
    {
        var data = call.Weight(0);
        var block = (int)call.Integer("block_size", 128);
        var bits = (int)call.Integer("bits", 4);
        var axis = Shapes.Axis(call.Integer("gather_axis", 0), data.Rank);
        var blockAxis = Shapes.Axis(call.Integer("quantize_axis", 1), data.Rank);
        var isTyped = Model.ElementTypes.Bits(data.Weight.Tensor.Type) < 8;
        if (!isTyped && blockAxis != data.Rank - 1)
        {
            throw new NotSupportedException("GatherBlockQuantized with blocks that are not along the last axis");
        }

        int[] shape = isTyped ? data.Shape : [.. data.Shape[..^1], data.Shape[^1] * 8 / bits];
        int[] blocks = [.. shape.Select((length, a) => a == blockAxis ? (length + block - 1) / block : length)];
        var table = QuantizedMatrix.Dequantized(
            isTyped ? data : PackedWeight.Of(call, 0, bits, shape),
            blockAxis,
            block,
            PackedWeight.Factors(call, 2, blocks),
            call.Optional(3) is null ? null
                : isTyped ? call.Weight(3) : PackedWeight.Of(call, 3, bits, blocks));
        call.Set(0, call.Input(1) is KnownValue indices
            ? call.Labels(GatherRule.ByKnown(call, table, axis, indices))
            : throw new NotSupportedException("GatherBlockQuantized with indices that are computed"));
    }
}
