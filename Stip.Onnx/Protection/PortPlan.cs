using System.Runtime.InteropServices;
using Stip.Keys.Permutations;
using Stip.Onnx.Execution;
using Stip.Onnx.Symmetry.Values;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection;

/// <summary>How the features of a graph input or output move.</summary>
/// <param name="Name">Name in the graph.</param>
/// <param name="FeatureAxes">Axes that hold features; the permutation is over their product, row-major. Without any
/// the numbers themselves are places among what moves (ArgMax, TopK).</param>
/// <param name="Permutation">Where each feature moves to, null where none does.</param>
internal sealed record PortPlan(string Name, IReadOnlyList<int> FeatureAxes, Permutation? Permutation)
{
    /// <summary>How many axes it has, null where that is not known: a graph need not declare it.</summary>
    public int? Rank { get; init; }

    /// <summary>True for an output of indices.</summary>
    public bool IsIndex => FeatureAxes.Count == 0 && Permutation is not null;

    /// <summary>From the plain model to the protected one.</summary>
    public HostTensor Protect(HostTensor plain) => Move(plain, Permutation);

    /// <summary>From the protected model to the plain one.</summary>
    public HostTensor Restore(HostTensor moved) => Move(moved, Permutation?.Inverse());

    private HostTensor Move(HostTensor tensor, Permutation? permutation)
    {
        if (permutation is null)
        {
            return tensor;
        }

        if (IsIndex)
        {
            long[] places = [.. tensor.ToIntegers().Select(place =>
                place >= 0 && place < permutation.Length ? permutation[(int)place] : place)];
            return HostTensor.FromIntegers(places, [.. tensor.Shape]).ConvertTo(tensor.Dtype);
        }

        int[] shape = [.. tensor.Shape.Select(length => checked((int)length))];
        var strides = Shapes.Strides(shape);
        int[] features = [.. FeatureAxes];
        if (Array.Exists(features, axis => axis >= shape.Length))
        {
            throw new RefusedException(
                $"'{Name}' has shape [{string.Join(", ", shape)}]; its features are on axis {features.Max()}");
        }

        int[] others = [.. Enumerable.Range(0, shape.Length).Except(features)];
        var starts = Offsets(shape, strides, others);
        var cells = Offsets(shape, strides, features);
        if (cells.Length != permutation.Length)
        {
            throw new RefusedException(
                $"'{Name}' has {cells.Length} features in shape [{string.Join(", ", shape)}]; the key is for "
                + $"{permutation.Length}");
        }

        var bytes = new byte[tensor.Bytes.Length];
        switch (tensor.Dtype.ByteSize())
        {
            case 1:
                Move<byte>(tensor.Bytes, bytes, starts, cells, permutation);
                break;
            case 2:
                Move<ushort>(tensor.Bytes, bytes, starts, cells, permutation);
                break;
            case 4:
                Move<uint>(tensor.Bytes, bytes, starts, cells, permutation);
                break;
            default:
                Move<ulong>(tensor.Bytes, bytes, starts, cells, permutation);
                break;
        }

        return tensor with { Bytes = bytes };
    }

    private static int[] Offsets(int[] shape, int[] strides, int[] axes) =>
        Shapes.Walk(Array.ConvertAll(axes, axis => shape[axis]), Array.ConvertAll(axes, axis => strides[axis]));

    private static void Move<T>(byte[] from, byte[] to, int[] starts, int[] cells, Permutation permutation)
        where T : unmanaged
    {
        var source = MemoryMarshal.Cast<byte, T>(from);
        var target = MemoryMarshal.Cast<byte, T>(to.AsSpan());
        foreach (var start in starts)
        {
            for (var i = 0; i < cells.Length; i++)
            {
                target[start + cells[permutation[i]]] = source[start + cells[i]];
            }
        }
    }
}
