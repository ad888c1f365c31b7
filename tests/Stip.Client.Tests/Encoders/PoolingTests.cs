using Stip.Client.Encoders;

namespace Stip.Client.Tests.Encoders;

public sealed class PoolingTests
{
    [Theory]
    [InlineData("mean", 2f, 1f)]
    [InlineData(null, 2f, 1f)]
    [InlineData("cls", 1f, 5f)]
    [InlineData("max", 3f, 5f)]
    [InlineData("lasttoken", 3f, -3f)]
    public void Apply_ByMode_GivesOneVector(string? mode, float first, float second) =>
        Assert.Equal([first, second], Pooling.Apply(mode, [1, 5, 3, -3], width: 2));

    [Fact]
    public void Normalize_OfAVector_HasLengthOne()
    {
        float[] vector = [3, 4];

        Pooling.Normalize(vector);

        Assert.Equal([0.6f, 0.8f], vector);
    }

    [Fact]
    public void Normalize_OfZeros_StaysFinite()
    {
        float[] vector = [0, 0];

        Pooling.Normalize(vector);

        Assert.Equal([0f, 0f], vector);
    }
}
