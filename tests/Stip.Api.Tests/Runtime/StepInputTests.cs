using Stip.Api.Runtime;
using Stip.Api.Tests.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Runtime;

/// <summary>Inputs that are made of the lengths of a step: two new rows of two sequences behind three.</summary>
public sealed class StepInputTests
{
    [Theory]
    [InlineData("past", "", "3")]
    [InlineData("total", "batch", "5 5")]
    [InlineData("last", "batch", "4 4")]
    [InlineData("rows", "1", "2")]
    [InlineData("positions", "", "3")]
    [InlineData("positions", "rows", "3 4")]
    [InlineData("positions", "batch rows", "3 4 3 4")]
    [InlineData("mask", "1 total", "1 1 1 1 1")]
    [InlineData("mask", "rows total", "1 1 1 1 0 1 1 1 1 1")]
    [InlineData("blocked", "rows total", "0 0 0 0 1 0 0 0 0 0")]
    [InlineData("mask", "1 length", "1 1 1")]
    [InlineData("mask", "total rows", "1 1 1 1 1 1 1 1 0 1")]
    [InlineData("mask", "rows 2 total 1", "1 1 1 1 0 1 1 1 1 0 1 1 1 1 1 1 1 1 1 1")]
    [InlineData("blocked", "total 2 rows", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 1 0")]
    [InlineData("mask", "batch rows total", "1 1 1 1 0 1 1 1 1 1 1 1 1 1 0 1 1 1 1 1")]
    [InlineData("positions", "rows batch", "3 3 4 4")]
    public void Fill_OfWholeNumbers_CountsAsItSays(string value, string axes, string numbers)
    {
        foreach (var dtype in new[] { TensorDtype.Int64, TensorDtype.Int32 })
        {
            Assert.Equal(numbers, string.Join(' ', Filled(value, axes, dtype)));
        }
    }

    [Theory]
    [InlineData(TensorDtype.Float32, "0 0 0 0 -3.4028235E+38 0 0 0 0 0")]
    [InlineData(TensorDtype.Float16, "0 0 0 0 -65504 0 0 0 0 0")]
    [InlineData(TensorDtype.BFloat16, "0 0 0 0 -3.3895314E+38 0 0 0 0 0")]
    [InlineData(TensorDtype.Float64, "0 0 0 0 -1.7976931348623157E+308 0 0 0 0 0")]
    public void Fill_OfABias_HidesWithTheLowestNumberOfItsType(TensorDtype dtype, string numbers) =>
        Assert.Equal(numbers, string.Join(' ', Filled("bias", "1 rows total", dtype)));

    [Fact]
    public void Fill_OfSwitches_IsOneByteEach() => Assert.Equal(
        "1 1 1 1 0 1 1 1 1 1", string.Join(' ', Filled("mask", "rows total", TensorDtype.Bool)));

    private static object[] Filled(string value, string axes, TensorDtype dtype)
    {
        object[] words =
        [
            .. axes.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(word => int.TryParse(word, out var length) ? (object)length : word),
        ];
        using var tensors = new ReusedTensors();
        new StepInput(new StepInputManifest("made", value, TinyCountedDecoder.Axes(words)), dtype)
            .Fill(tensors, slots: 2, cachedTokens: 3, rowCount: 2);
        var tensor = tensors.Values[0];
        return dtype switch
        {
            TensorDtype.Int64 => tensor.GetTensorDataAsSpan<long>().ToArray().Cast<object>().ToArray(),
            TensorDtype.Int32 => tensor.GetTensorDataAsSpan<int>().ToArray().Cast<object>().ToArray(),
            TensorDtype.Bool => tensor.GetTensorMutableRawData().ToArray().Cast<object>().ToArray(),
            TensorDtype.Float64 => tensor.GetTensorDataAsSpan<double>().ToArray().Cast<object>().ToArray(),
            _ => Floats(tensor.GetTensorMutableRawData(), dtype).Cast<object>().ToArray(),
        };
    }

    private static float[] Floats(ReadOnlySpan<byte> data, TensorDtype dtype)
    {
        var values = new float[data.Length / dtype.ByteSize()];
        TensorConversion.ToFloat32(dtype, data, values);
        return values;
    }
}
