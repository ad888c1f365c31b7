using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>
/// How far two tensors lie apart whose cells stand in different orders. Both are sorted: if one is a permutation of the
/// other but for rounding, the sorted values differ by no more than that rounding, whatever the permutation was.
/// </summary>
internal static class UnorderedDistance
{
    /// <summary>Largest difference of sorted values, as a share of the largest value (at least 1: sums inside a graph
    /// may cancel out, and what is left of them is rounding); null where the tensors are not of floats.</summary>
    public static double? Of(HostTensor plain, HostTensor moved)
    {
        if (!plain.Dtype.IsWireFloat())
        {
            return null;
        }

        var (left, right) = (plain.ToFloats(), moved.Dtype == plain.Dtype ? moved.ToFloats() : []);
        if (left.Length != right.Length)
        {
            return double.PositiveInfinity;
        }

        Array.Sort(left);
        Array.Sort(right);
        var (largest, scale) = (0.0, 1.0);
        for (var i = 0; i < left.Length; i++)
        {
            var difference = left[i].Equals(right[i]) ? 0 : Math.Abs((double)left[i] - right[i]);
            largest = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(largest, difference);
            scale = float.IsFinite(left[i]) ? Math.Max(scale, Math.Abs(left[i])) : scale;
        }

        return largest / scale;
    }
}
