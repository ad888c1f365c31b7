using System.Runtime.InteropServices;
using Stip.Protocol.Tensors;

namespace Stip.Protocol.Tests.Tensors;

public sealed class TensorConversionTests
{
    [Theory]
    [InlineData(TensorDtype.Float16, 1e-3f)]
    [InlineData(TensorDtype.BFloat16, 8e-3f)]
    [InlineData(TensorDtype.Float32, 0f)]
    public void Convert_ThereAndBack_StaysWithinTheTypesRounding(TensorDtype dtype, float relative)
    {
        float[] values = [0f, 1f, -2.5f, 3.1415927f, 1e-3f, -60000f, .. Enumerable.Range(0, 77).Select(i => i / 7f)];
        var narrow = new byte[values.Length * dtype.ByteSize()];
        TensorConversion.Convert(TensorDtype.Float32, MemoryMarshal.AsBytes<float>(values), dtype, narrow);
        var back = new float[values.Length];
        TensorConversion.ToFloat32(dtype, narrow, back);
        Assert.All(values.Zip(back), pair => Assert.InRange(pair.Second, Low(pair.First), High(pair.First)));

        float Low(float value) => value - Math.Abs(value) * relative;
        float High(float value) => value + Math.Abs(value) * relative;
    }

    [Theory]
    [InlineData(1.00390625f, 0x3F80)] // a tie goes to the even neighbour
    [InlineData(1.01171875f, 0x3F82)]
    [InlineData(float.PositiveInfinity, 0x7F80)]
    public void FromFloat32_ToBFloat16_RoundsTiesToEven(float value, int bits)
    {
        var narrow = new byte[2];
        TensorConversion.FromFloat32([value], TensorDtype.BFloat16, narrow);
        Assert.Equal(bits, BitConverter.ToUInt16(narrow));
    }

    [Theory]
    [InlineData(TensorDtype.Float32)]
    [InlineData(TensorDtype.Float16)]
    [InlineData(TensorDtype.BFloat16)]
    public void AllFinite_WithOneNaNOrInfinityAnywhere_IsFalse(TensorDtype dtype)
    {
        foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            for (var at = 0; at < 19; at++)
            {
                var values = new float[19];
                var bytes = new byte[values.Length * dtype.ByteSize()];
                TensorConversion.FromFloat32(values, dtype, bytes);
                Assert.True(TensorConversion.AllFinite(dtype, bytes));
                values[at] = bad;
                TensorConversion.FromFloat32(values, dtype, bytes);
                Assert.False(TensorConversion.AllFinite(dtype, bytes));
            }
        }
    }

    [Fact]
    public void Convert_Float32BeyondFloat16_BecomesInfinite()
    {
        var narrow = new byte[2];
        TensorConversion.FromFloat32([70000f], TensorDtype.Float16, narrow);
        Assert.False(TensorConversion.AllFinite(TensorDtype.Float16, narrow));
    }
}
