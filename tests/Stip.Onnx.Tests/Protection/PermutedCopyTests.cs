using Google.Protobuf;
using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.TestKit;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Tests.Protection;

public sealed class PermutedCopyTests
{
    [Theory]
    [InlineData(DataType.Float, new[] { 5, 7 }, 0b11)]
    [InlineData(DataType.Float16, new[] { 5, 7 }, 0b01)]
    [InlineData(DataType.Bfloat16, new[] { 5, 7 }, 0b10)]
    [InlineData(DataType.Int8, new[] { 9 }, 0b1)]
    [InlineData(DataType.Double, new[] { 3, 4, 5 }, 0b101)]
    [InlineData(DataType.Float, new[] { 3, 4, 5 }, 0b011)]
    [InlineData(DataType.Float, new[] { 3, 4, 5 }, 0b001)]
    [InlineData(DataType.Float16, new[] { 3, 600_000 }, 0b11)]
    [InlineData(DataType.Float, new[] { 2, 400_000 }, 0b01)]
    [InlineData(DataType.Float, new[] { 4 }, 0)]
    public void Write_MovesEveryElementToItsPlace(DataType type, int[] shape, int movedAxes)
    {
        var tensor = Tensor(type, shape);
        var axes = shape.Select((length, axis) => (movedAxes >> axis & 1) == 0
            ? null
            : Permutation.Random(length, new SeededRandom(axis))).ToArray();
        using var written = new MemoryStream();

        PermutedCopy.Write(tensor, axes, written);

        Assert.Equal(Expected(tensor, axes), written.ToArray());
    }

    [Theory]
    [InlineData(DataType.Float)]
    [InlineData(DataType.Float16)]
    [InlineData(DataType.Bfloat16)]
    [InlineData(DataType.Double)]
    [InlineData(DataType.Int8)]
    [InlineData(DataType.Uint8)]
    [InlineData(DataType.Int16)]
    [InlineData(DataType.Int32)]
    [InlineData(DataType.Int64)]
    [InlineData(DataType.Bool)]
    [InlineData(DataType.Float8E4M3Fn)]
    [InlineData(DataType.Float8E5M2)]
    [InlineData(DataType.Int4, 1)]
    [InlineData(DataType.Uint4, 1)]
    public void Write_ThereAndBack_GivesTheFilesBytes(DataType type, int movedAxes = 2)
    {
        int[] shape = [13, 32];
        var tensor = Tensor(type, shape);
        Permutation?[] axes = [.. shape.Select((length, axis) => axis < movedAxes
            ? Permutation.Random(length, new SeededRandom(axis))
            : null)];
        using var there = new MemoryStream();
        using var back = new MemoryStream();

        PermutedCopy.Write(tensor, axes, there);
        var proto = new TensorProto { Name = "w", DataType = (int)type };
        proto.Dims.Add(shape.Select(length => (long)length));
        proto.RawData = ByteString.CopyFrom(there.ToArray());
        PermutedCopy.Write(InlineData.Open("w", proto), [.. axes.Select(axis => axis?.Inverse())], back);

        Assert.NotEqual(tensor.Bytes().ToArray(), there.ToArray());
        Assert.Equal(tensor.Bytes().ToArray(), back.ToArray());
    }

    [Fact]
    public void Write_OfHalfBytesAlongTheLastAxis_IsRefused()
    {
        var tensor = Tensor(DataType.Uint4, [4, 4]);
        using var written = new MemoryStream();

        Assert.Throws<RefusedException>(() => PermutedCopy.Write(
            tensor, [null, Permutation.FromTargets([1, 0, 2, 3])], written));
        PermutedCopy.Write(tensor, [Permutation.FromTargets([1, 0, 2, 3]), null], written);
        Assert.Equal(tensor.Bytes(2, 2), written.ToArray().AsSpan(0, 2));
    }

    private static GraphTensor Tensor(DataType type, int[] shape)
    {
        var proto = new TensorProto { Name = "w", DataType = (int)type };
        proto.Dims.Add(shape.Select(length => (long)length));
        var bytes = new byte[GraphTensor.ByteCount(proto)];
        new Random(3).NextBytes(bytes);
        proto.RawData = ByteString.CopyFrom(bytes);
        return InlineData.Open("w", proto);
    }

    // One element after the other, the slow and plain way.
    private static byte[] Expected(GraphTensor tensor, Permutation?[] axes)
    {
        var size = ElementTypes.Bits(tensor.Type) / 8;
        var moved = new byte[tensor.ByteLength];
        for (var cell = 0; cell < tensor.ElementCount; cell++)
        {
            var (rest, target, stride) = (cell, 0, 1);
            for (var axis = tensor.Shape.Length - 1; axis >= 0; axis--)
            {
                (rest, var index) = Math.DivRem(rest, tensor.Shape[axis]);
                target += stride * (axes[axis]?[index] ?? index);
                stride *= tensor.Shape[axis];
            }

            tensor.Bytes(cell * size, size).CopyTo(moved.AsSpan(target * size));
        }

        return moved;
    }
}
