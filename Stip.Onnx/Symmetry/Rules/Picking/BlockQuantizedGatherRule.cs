using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>Rows of a block-quantised table.</summary>
/// <remarks>Inputs: 0 data, 1 indices, 2 scales, 3 zero_points.</remarks>
internal sealed class BlockQuantizedGatherRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["com.microsoft.GatherBlockQuantized"];

    public void Apply(OperatorCall call)
    {
        var data = call.Weight(0);
        var bits = (int)call.Integer("bits", 4);
        var axis = Shapes.Axis(call.Integer("gather_axis", 0), data.Rank);
        var blockAxis = Shapes.Axis(call.Integer("quantize_axis", 1), data.Rank);
        // Bytes are cut into pieces; other types are what they are, those of 8 bits too.
        var isTyped = data.Weight.Tensor.Type != DataType.Uint8;
        if (!isTyped && blockAxis != data.Rank - 1)
        {
            throw new NotSupportedException("GatherBlockQuantized with blocks that are not along the last axis");
        }

        int[] shape = isTyped ? data.Shape : [.. data.Shape[..^1], data.Shape[^1] * 8 / bits];
        var block = (int)call.Integer("block_size", 128) is > 0 and var length ? length : shape[blockAxis];
        int[] blocks = [.. shape.Select((size, a) => a == blockAxis ? (size + block - 1) / block : size)];
        var table = QuantizedMatrix.Dequantized(
            isTyped ? data : PackedWeight.Of(call, 0, bits, shape),
            blockAxis,
            block,
            Scales(call, blocks),
            call.Optional(3) is null ? null
                : isTyped ? call.Weight(3) : PackedWeight.Of(call, 3, bits, blocks));
        call.Set(0, call.Input(1) is KnownValue indices
            ? call.Labels(GatherRule.ByKnown(call, table, axis, indices))
            : throw new NotSupportedException("GatherBlockQuantized with indices that are computed"));
    }

    // One of those of 8-bit floats may count for a whole axis.
    private static WeightValue? Scales(OperatorCall call, int[] blocks) =>
        call.Optional(2) is WeightValue scales && scales.Rank == blocks.Length
            && scales.Shape.Zip(blocks).All(pair => pair.First == pair.Second || pair.First == 1)
            ? scales
            : PackedWeight.Factors(call, 2, blocks);
}
