using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Api.Engine;
using Stip.Api.Runtime;
using Stip.Api.Runtime.Reduction;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Runtime.Reduction;

/// <summary>The law: what the graph finds is what the host finds.</summary>
public sealed class RowReductionTests
{
    /// <summary>Both scale and take exponentials in float32, in kernels of their own: a few units in the last place of
    /// each term, and as much of the sum; the host adds 1024 terms at a time in float32 beside.</summary>
    private const double SumTolerance = 2e-6;

    [Theory]
    [InlineData(TensorDtype.Float32, 61, 1)]
    [InlineData(TensorDtype.Float32, 4096, 16)]
    [InlineData(TensorDtype.Float32, 4097, 4097)]
    [InlineData(TensorDtype.Float32, 20_000, 64)]
    [InlineData(TensorDtype.Float16, 9000, 50)]
    [InlineData(TensorDtype.BFloat16, 9000, 50)]
    public void Rows_WithManyTies_GiveTheHostsIndicesAndValues(TensorDtype dtype, int vocab, int k)
    {
        var random = new Random(vocab + k);
        float[] distinct = [0, -0f, 1e-42f, -1e-42f, 3e38f, -3e38f, .. Random(random, 40)];
        var usual = dtype == TensorDtype.Float16 ? distinct[6..] : distinct;
        CheckEqual(dtype, vocab, k, 3, () => usual[random.Next(usual.Length)]);
    }

    [Theory]
    [InlineData(TensorDtype.Float32)]
    [InlineData(TensorDtype.Float16)]
    [InlineData(TensorDtype.BFloat16)]
    public void Rows_OfDistinctNumbers_GiveTheHostsIndicesAndValues(TensorDtype dtype)
    {
        var random = new Random(1);
        CheckEqual(dtype, 50_257, 64, 2, () => (random.NextSingle() - 0.5f) * 40);
    }

    [Theory]
    [InlineData(TensorDtype.Float32)]
    [InlineData(TensorDtype.Float16)]
    public void MaskedEntries_AreFoundLastInTheirOrderAndShownFinite(TensorDtype dtype)
    {
        var row = Enumerable.Repeat(float.NegativeInfinity, 5000).ToArray();
        (row[4500], row[17]) = (2, 1);
        var next = 0;
        CheckEqual(dtype, row.Length, 30, 1, () => row[next++]);
    }

    [Theory]
    [InlineData(TensorDtype.Float32)]
    [InlineData(TensorDtype.Float16)]
    [InlineData(TensorDtype.BFloat16)]
    public void Rows_AreNumbers_WhereTheHostSaysSo(TensorDtype dtype)
    {
        foreach (var bad in new[] { float.NaN, -float.NaN, float.PositiveInfinity, float.NegativeInfinity, 1 })
        {
            foreach (var isEverywhere in new[] { false, true })
            {
                var row = new float[5000];
                row.AsSpan(isEverywhere ? 0 : 4321, isEverywhere ? row.Length : 1).Fill(bad);
                var bytes = Bytes(dtype, row);
                var top = new TopRow(7, 1);
                var reduced = Reduce(dtype, row.Length, bytes, [top], new HostAsDevice());
                Assert.Equal(
                    LogitsRows.AreNumbers(dtype, bytes, bytes.Length),
                    LogitsRows.AreNumbers(dtype, reduced[0], reduced[0].Length, top));
            }
        }
    }

    [Fact]
    public void Rows_OfWhichSomeAreWantedWhole_AreReducedEachAsItIsWanted()
    {
        const int Vocab = 5000;
        var random = new Random(3);
        var logits = Random(random, 4 * Vocab);
        TopRow[] tops = [new(3, 0.5), default, new(40, 1), new(1, 1e6)];

        var reduced = Reduce(TensorDtype.Float32, Vocab, Bytes(TensorDtype.Float32, logits), tops, null);

        for (var i = 0; i < tops.Length; i++)
        {
            if (!tops[i].IsWhole)
            {
                CheckRow(logits.AsSpan(i * Vocab, Vocab), tops[i], reduced[i]);
            }
        }
    }

    [Fact]
    public void Bindings_OfADevice_AreFreed()
    {
        var device = new HostAsDevice();
        Reduce(TensorDtype.Float32, 61, new byte[61 * sizeof(float)], [new TopRow(5, 1)], device);
        Assert.Equal(0, device.Held);
    }

    [Fact]
    public void Bindings_ForMoreAndMoreSizes_AreNotAllKept()
    {
        var device = new HostAsDevice();
        var held = new List<int>();
        const int Vocab = 61;
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        using var reduction = new RowReduction(Decoder(TensorDtype.Float32, Vocab), options);
        using var logits = new StepTensor(TensorElementType.Float, sizeof(float), device, 1, Vocab);
        logits.Bytes.Clear();
        logits.Upload();
        using (var reduced = new ReducedRows(reduction, logits.Part, 1, Vocab * sizeof(float), device))
        {
            foreach (var k in new[] { 1, 2, 4, 8, 16, 32, 61 })
            {
                var top = new TopRow(k, 1);
                reduced.Read(new LogitsTarget(new byte[top.Bytes(0)], top));
                held.Add(device.Held);
            }
        }

        Assert.Equal(held[3], held[^1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void Rows_ThatAreMany_AreReducedSomeAtOnce(int rowsAtOnce)
    {
        const int Vocab = 61;
        var random = new Random(5);
        var logits = Random(random, 7 * Vocab);
        TopRow[] tops = [new(3, 0.5), new(61, 1), default, default, new(40, 1), default, new(1, 1e6)];
        var device = new HostAsDevice();

        var reduced = Reduce(
            TensorDtype.Float32, Vocab, Bytes(TensorDtype.Float32, logits), tops, device, rowsAtOnce);

        for (var i = 0; i < tops.Length; i++)
        {
            if (!tops[i].IsWhole)
            {
                CheckRow(logits.AsSpan(i * Vocab, Vocab), tops[i], reduced[i]);
            }
        }

        Assert.Equal(0, device.Held);
    }

    private static float[] Random(Random random, int count) =>
        Enumerable.Range(0, count).Select(_ => (random.NextSingle() - 0.5f) * 30).ToArray();

    private static void CheckEqual(TensorDtype dtype, int vocab, int k, int rows, Func<float> next)
    {
        var bytes = Bytes(dtype, [.. Enumerable.Range(0, rows * vocab).Select(_ => next())]);
        var wide = new float[rows * vocab];
        TensorConversion.ToFloat32(dtype, bytes, wide);
        var tops = Enumerable.Range(0, rows).Select(row => new TopRow(k, 0.7 + row)).ToArray();
        foreach (var device in new[] { null, new HostAsDevice() })
        {
            var reduced = Reduce(dtype, vocab, bytes, tops, device);
            for (var row = 0; row < rows; row++)
            {
                CheckRow(wide.AsSpan(row * vocab, vocab), tops[row], reduced[row]);
            }
        }
    }

    private static void CheckRow(ReadOnlySpan<float> row, TopRow top, byte[] reduced)
    {
        var (indices, values) = (new int[top.K], new float[top.K]);
        LogitsRows.TopK(row, indices, values);
        Assert.Equal(indices, top.Indices(reduced).ToArray());
        Assert.Equal(values, top.Values(reduced).ToArray());
        var expected = LogitsRows.LogSumExp(row, top.Temperature);
        Assert.Equal(expected, TopRow.LogSumExp(reduced), SumTolerance * Math.Max(1, Math.Abs(expected) / 1e3));
    }

    private static DecoderSnapshot Decoder(TensorDtype dtype, int vocab) => new(
        "tiny", "", 1, vocab, 1, vocab, dtype, dtype, dtype, new CacheManifest("shared", 1, 1, 1));

    private static byte[] Bytes(TensorDtype dtype, float[] values)
    {
        var bytes = new byte[values.Length * dtype.ByteSize()];
        TensorConversion.FromFloat32(values, dtype, bytes);
        return bytes;
    }

    private static byte[][] Reduce(
        TensorDtype dtype, int vocab, byte[] logits, TopRow[] tops, IDeviceMemory? device, int rowsAtOnce = 64)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        using var reduction = new RowReduction(
            Decoder(dtype, vocab), options, (long)rowsAtOnce * vocab * sizeof(double));
        var pinned = GCHandle.Alloc(logits, GCHandleType.Pinned);
        try
        {
            var rowBytes = vocab * dtype.ByteSize();
            var rows = tops.Select(top => new byte[top.Bytes(rowBytes)]).ToArray();
            using var reduced = new ReducedRows(
                reduction,
                (first, count) => OrtValue.CreateTensorValueWithData(
                    OrtMemoryInfo.DefaultInstance, dtype.ToOrt(), [count, vocab],
                    pinned.AddrOfPinnedObject() + first * rowBytes, count * rowBytes),
                tops.Length, rowBytes, device);
            // Twice: the second time bindings and temperatures are there.
            for (var run = 0; run < 2; run++)
            {
                var memory = rows.Select(row => row.AsMemory()).ToArray();
                reduced.Read(new LogitsTarget(memory, tops));
            }

            return rows;
        }
        finally
        {
            pinned.Free();
        }
    }
}
