using Google.Protobuf;
using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry.Values;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

public sealed class PackedCopyTests
{
    public static TheoryData<int[], int, bool> Layouts => new()
    {
        { [6, 64], 4, true },
        { [6, 3], 4, true },
        { [5, 7], 4, false },
        { [4, 8], 4, false },
        { [5, 6], 2, true },
        { [5, 7], 2, false },
        { [3, 9], 1, false },
        { [4, 5], 8, true },
        { [4, 5], 32, true },
        { [4, 3], 16, true },
        { [2, 3, 10], 4, true },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Write_OfPackedElements_MovesEachToItsPlace(int[] shape, int bits, bool padsRows)
    {
        var layout = new PackedLayout(shape, bits, padsRows);
        var axes = Permutations(shape, seed: 5);
        var plain = Random(layout);

        var moved = Move(plain, layout, axes);

        var index = new int[shape.Length];
        for (var cell = 0; cell < Shapes.Count(shape); cell++)
        {
            var target = index.Select((i, axis) => axes[axis]?[i] ?? i).ToArray();
            Assert.Equal(Element(plain, layout, index), Element(moved, layout, target));
            Shapes.Advance(index, shape);
        }
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Write_WithTheInverse_RestoresEveryBit(int[] shape, int bits, bool padsRows)
    {
        var layout = new PackedLayout(shape, bits, padsRows);
        var axes = Permutations(shape, seed: 6);
        var plain = Random(layout);

        var moved = Move(plain, layout, axes);
        var restored = Move(moved, layout, Array.ConvertAll(axes, axis => axis?.Inverse()));

        Assert.NotEqual(plain, moved);
        Assert.Equal(plain, restored);
    }

    // The first axis stays where there are three: rows of a stack that is not permuted.
    private static Permutation?[] Permutations(int[] shape, int seed)
    {
        var random = new SeededRandom(seed);
        return [.. shape.Select((length, axis) =>
            shape.Length == 3 && axis == 0 ? null : Permutation.Random(length, random))];
    }

    private static byte[] Random(PackedLayout layout)
    {
        var bytes = new byte[layout.ByteLength];
        new SeededRandom(3).GetBytes(bytes);
        if (!layout.PadsRows)
        {
            // What fills the last byte up is no element.
            var used = (int)(Shapes.Count(layout.Shape) * (long)layout.Bits % 8);
            bytes[^1] &= (byte)(used == 0 ? 0xFF : (1 << used) - 1);
        }

        return bytes;
    }

    private static byte[] Move(byte[] bytes, PackedLayout layout, Permutation?[] axes)
    {
        var proto = new TensorProto
        {
            DataType = (int)TensorProto.Types.DataType.Uint8,
            RawData = ByteString.CopyFrom(bytes),
        };
        proto.Dims.Add(bytes.Length);
        using var target = new MemoryStream();
        PackedCopy.Write(InlineData.Open("packed", proto), layout, axes, target);
        return target.ToArray();
    }

    private static ulong Element(byte[] bytes, PackedLayout layout, int[] index)
    {
        var row = 0L;
        for (var axis = 0; axis < index.Length - 1; axis++)
        {
            row = (row * layout.Shape[axis]) + index[axis];
        }

        var start = (row * layout.RowBits) + ((long)index[^1] * layout.Bits);
        return Enumerable.Range(0, layout.Bits).Aggregate(0UL, (value, bit) =>
            value | (ulong)(bytes[(start + bit) / 8] >> (int)((start + bit) % 8) & 1) << bit);
    }
}
