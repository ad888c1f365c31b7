using System.Runtime.InteropServices;
using Stip.Api.Engine;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Engine;

public sealed class LogitsRowsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(10, 3)]
    [InlineData(2048, 64)]
    [InlineData(5000, 5000)]
    public void TopK_OfAnyRow_IsTheSortedHead(int length, int k)
    {
        // Few distinct values, so that ties are many.
        var random = new Random(length + k);
        var row = Enumerable.Range(0, length).Select(_ => random.Next(50) / 4f).ToArray();
        var (indices, values) = (new int[k], new float[k]);
        LogitsRows.TopK(row, indices, values);
        var expected = Enumerable.Range(0, length).OrderByDescending(i => row[i]).ThenBy(i => i).Take(k).ToArray();
        Assert.Equal(expected, indices);
        Assert.Equal(expected.Select(i => row[i]), values);
    }

    [Fact]
    public void TopK_OfMaskedEntries_ShowsFiniteNumbers()
    {
        var (indices, values) = (new int[2], new float[2]);
        LogitsRows.TopK([float.NegativeInfinity, 1, float.NegativeInfinity], indices, values);
        Assert.Equal([1, 0], indices);
        Assert.Equal([1, float.MinValue], values);
    }

    [Theory]
    [InlineData(3, 1.0, 0f)]
    [InlineData(1025, 0.7, 0f)]
    [InlineData(50000, 1.3, 0f)]
    [InlineData(4096, 1e-6, 0f)]
    [InlineData(4096, 1e6, 3e30f)]
    public void LogSumExp_OfAnyRow_EqualsTheScalarSum(int length, double temperature, float shift)
    {
        var random = new Random(length);
        var row = Enumerable.Range(0, length).Select(_ => shift + (random.NextSingle() * 40 - 20)).ToArray();
        var largest = row.Max() / temperature;
        var expected = largest + Math.Log(row.Sum(x => Math.Exp(x / temperature - largest)));
        Assert.Equal(1, (LogitsRows.LogSumExp(row, temperature) + 1) / (expected + 1), 1e-6);
    }

    [Theory]
    [InlineData(TensorDtype.Float32)]
    [InlineData(TensorDtype.Float16)]
    [InlineData(TensorDtype.BFloat16)]
    public void AreNumbers_OfARow_AllowsMaskedEntriesOnly(TensorDtype dtype)
    {
        foreach (var (bad, isNumber) in new[]
        {
            (1f, true), (float.NegativeInfinity, true),
            (float.PositiveInfinity, false), (float.NaN, false), (-float.NaN, false),
        })
        {
            var values = new float[21];
            values[13] = bad;
            var bytes = new byte[values.Length * dtype.ByteSize()];
            TensorConversion.Convert(TensorDtype.Float32, MemoryMarshal.AsBytes<float>(values), dtype, bytes);
            Assert.Equal(isNumber, LogitsRows.AreNumbers(dtype, bytes, bytes.Length));
        }
    }
}
