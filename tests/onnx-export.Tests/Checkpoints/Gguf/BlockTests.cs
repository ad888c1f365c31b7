using System.Runtime.InteropServices;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Gguf;
using Stip.Export.Checkpoints.Gguf.Blocks;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Gguf;

namespace Stip.Export.Tests.Checkpoints.Gguf;

public sealed class BlockTests
{
    // Products and differences of two short numbers are rounded once or twice to 24 bits.
    private const double Rounding = 1.5e-7;
    private const int Blocks = 40;

    // Random blocks, and what ggml's own decoders make of them.
    private static readonly string Golden = RepositoryRoot.At("tests", "data", "gguf-blocks", "golden.safetensors");

    public static TheoryData<string> GoldenTypes
    {
        get
        {
            using var golden = SafetensorsFile.Open(Golden);
            return [.. golden.Header.Entries.Keys.Where(name => name.EndsWith(".bytes", StringComparison.Ordinal))
                .Select(name => name.Split('.')[0])];
        }
    }

    public static TheoryData<string> Types => [.. GgufType.All.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Types))]
    public void Decode_OfRandomBlocks_EqualsTheFormulas(string name)
    {
        var type = GgmlType.Named(name);
        foreach (var block in RandomBlocksOf(name))
        {
            var values = new float[type.BlockLength];
            type.Decode(block, values);

            for (var i = 0; i < values.Length; i++)
            {
                var expected = ScalarBlocks.Element(name, block, i);
                Assert.InRange(Math.Abs(values[i] - expected), 0, Rounding * Largest(values));
            }
        }
    }

    [Theory]
    [MemberData(nameof(GoldenTypes))]
    public void Decode_OfGoldenBlocks_EqualsGgml(string name)
    {
        var type = GgmlType.Named(name);
        using var golden = SafetensorsFile.Open(Golden);
        var blocks = golden.Bytes($"{name}.bytes").ToArray().Chunk(type.BlockBytes).ToList();
        var expected = MemoryMarshal.Cast<byte, float>(golden.Bytes($"{name}.values")).ToArray();
        Assert.Equal(expected.Length, blocks.Count * type.BlockLength);
        for (var block = 0; block < blocks.Count; block++)
        {
            var values = new float[type.BlockLength];
            type.Decode(blocks[block], values);

            for (var i = 0; i < values.Length; i++)
            {
                var right = expected[block * type.BlockLength + i];
                Assert.InRange(Math.Abs(values[i] - right), 0, Rounding * Largest(values));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Layout_OfEveryType_IsThePublishedOne(string name)
    {
        var (read, written) = (GgmlType.Named(name), GgufType.Named(name));

        Assert.Equal(
            (written.Number, written.BlockLength, written.BlockBytes),
            (read.Number, read.BlockLength, read.BlockBytes));
    }

    [Theory]
    [InlineData("Q4_0")]
    [InlineData("Q4_1")]
    [InlineData("Q4_K")]
    public void Split_OfFourBitBlocks_KeepsEveryNumber(string name)
    {
        var type = GgmlType.Named(name);
        foreach (var block in RandomBlocksOf(name))
        {
            var pairs = new byte[type.BlockLength / 2];
            var scales = new float[type.BlockLength / IFourBitRows.BlockLength];
            var offsets = new float[scales.Length];
            FourBitBlocks.Split(type, block, pairs, scales, offsets);

            var decoded = new float[type.BlockLength];
            type.Decode(block, decoded);
            for (var i = 0; i < type.BlockLength; i++)
            {
                var number = i % 2 == 0 ? pairs[i / 2] & 15 : pairs[i / 2] >> 4;
                var (scale, offset) = ((double)scales[i / 32], offsets[i / 32]);
                var value = scale * (number - IFourBitRows.ZeroPoint) + offset;
                var largest = 15 * Math.Abs(scale) + Math.Abs(offset);
                Assert.InRange(Math.Abs(value - decoded[i]), 0, 2 * Rounding * largest);
            }
        }
    }

    private static byte[][] RandomBlocksOf(string name)
    {
        var type = GgufType.Named(name);
        using var stream = new MemoryStream();
        RandomBlocks.Write(stream, type, Blocks * type.BlockLength, new Random(7), size: 0.05f);
        return [.. stream.ToArray().Chunk(type.BlockBytes)];
    }

    private static double Largest(float[] values) => values.Max(Math.Abs) * 2;
}
