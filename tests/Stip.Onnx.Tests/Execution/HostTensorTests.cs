using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Execution;

public sealed class HostTensorTests
{
    [Theory]
    [InlineData(TensorDtype.Float16)]
    [InlineData(TensorDtype.BFloat16)]
    public void ConvertTo_AShortType_AndBack_KeepsWhatItHolds(TensorDtype dtype)
    {
        var tensor = HostTensor.FromFloats([1, -2.5f, 0, 96], 2, 2);

        var converted = tensor.ConvertTo(dtype);

        Assert.Equal(8, converted.Bytes.Length);
        Assert.Equal(tensor.ToFloats(), converted.ConvertTo(TensorDtype.Float32).ToFloats());
    }

    [Fact]
    public void ConvertTo_AnotherInteger_KeepsValues()
    {
        var tensor = HostTensor.FromIntegers([3L, -4], 2);

        Assert.Equal([3, -4], tensor.ConvertTo(TensorDtype.Int32).ToIntegers());
        Assert.Equal([5], HostTensor.FromIntegers([5], 1).ConvertTo(TensorDtype.Int64).ToIntegers());
        Assert.Throws<OverflowException>(() => HostTensor.FromIntegers([1L << 40], 1).ConvertTo(TensorDtype.Int32));
    }

    [Fact]
    public void ConvertTo_WhereNothingConverts_Refuses()
    {
        Assert.Throws<ArgumentException>(() => HostTensor.FromFloats([1], 1).ConvertTo(TensorDtype.Bool));
        Assert.Throws<ArgumentException>(() => HostTensor.FromFloats([1], 1).ToIntegers());
    }

    [Fact]
    public void ElementCount_OfAScalar_IsOne() => Assert.Equal(1, HostTensor.FromIntegers([7]).ElementCount);
}
