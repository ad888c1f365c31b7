using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>Reads bytes of an initialiser as the small numbers that are packed in them.</summary>
internal static class PackedWeight
{
    /// <summary>An input as a packed tensor of that shape; its last axis is padded to whole bytes.</summary>
    /// <exception cref="NotSupportedException">It is no whole initialiser, or is used as plain bytes elsewhere.
    /// </exception>
    public static WeightValue Of(OperatorCall call, int input, int bits, params int[] shape)
    {
        var weight = call.Weight(input);
        var isPlain = weight.Shape.AsSpan().SequenceEqual(shape) && bits == ElementBits(weight);
        return isPlain ? weight
            : weight.IsWhole ? weight.Weight.Unpacked(new PackedLayout(shape, bits, PadsRows: true))
            : throw new NotSupportedException($"{call.Operation} with a part of a packed weight");
    }

    /// <summary>Scales: numbers of their own type, perhaps flattened.</summary>
    public static WeightValue? Factors(OperatorCall call, int input, params int[] shape)
    {
        if (call.Optional(input) is not WeightValue weight)
        {
            return call.Optional(input) is null or { Count: 1 } or KnownValue
                ? null
                : throw new NotSupportedException($"{call.Operation} with factors that are computed");
        }

        return weight.Shape.AsSpan().SequenceEqual(shape) ? weight
            : weight.Count == Shapes.Count(shape) ? Of(call, input, ElementBits(weight), shape)
            : throw new NotSupportedException($"{call.Operation} with factors of another shape");
    }

    private static int ElementBits(WeightValue weight) => Model.ElementTypes.Bits(weight.Weight.Tensor.Type);
}
