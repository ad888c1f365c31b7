using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Tests.Checkpoints;

public sealed class Mxfp4TensorTests
{
    [Fact]
    public void Read_AcrossBlocks_GivesValuesTimesTheirExponent()
    {
        // Every pair is 0x21: 0.5, then 1; the second block is 4 times as large.
        var blocks = new Bytes([1, 2, 16], [.. Enumerable.Repeat((byte)0x21, 32)]);
        var tensor = new Mxfp4Tensor(blocks, new Bytes([1, 2], [127, 129]), [1, 64]);
        var values = new float[4];

        tensor.Read(30, values);

        Assert.Equal([0.5f, 1, 2, 4], values);
    }

    [Fact]
    public void Read_OfNegativeHalves_HasTheSignOfTheUpperBit()
    {
        var tensor = new Mxfp4Tensor(
            new Bytes([1, 1, 16], [.. Enumerable.Repeat((byte)0xF9, 16)]), new Bytes([1, 1], [126]), [1, 32]);
        var values = new float[2];

        tensor.Read(0, values);

        Assert.Equal([-0.25f, -3], values);
    }

    private sealed record Bytes(IReadOnlyList<long> Axes, byte[] Stored)
        : CheckpointTensor("bytes", TensorDtype.UInt8, Axes)
    {
        public override void Read(long firstElement, Span<float> values) => throw new NotSupportedException();

        public override void ReadStored(long firstElement, Span<byte> bytes) =>
            Stored.AsSpan((int)firstElement, bytes.Length).CopyTo(bytes);
    }
}
