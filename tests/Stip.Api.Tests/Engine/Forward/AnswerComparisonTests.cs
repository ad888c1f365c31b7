using Stip.Api.Engine.Forward;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Engine.Forward;

/// <summary>What is rounding between a pass alone and beside another, and what is another's.</summary>
public sealed class AnswerComparisonTests
{
    private const int Width = 2;

    // One row of 32 looks at its neighbour: in the mean of all it is nothing.
    [Theory]
    [InlineData("float32", 0.03f)]
    [InlineData("float16", 0.3f)]
    [InlineData("bfloat16", 0.3f)]
    public void Differ_OfOneRowAtTheSeam_IsTrue(string dtype, float off)
    {
        var alone = Enumerable.Repeat(1f, 32 * Width).ToArray();
        float[] together = [.. alone];
        together[^1] += off;
        together[^2] += off;
        Assert.True(new BatchTrial().Differ(Rows(dtype, together), Rows(dtype, alone)));
        Assert.False(new BatchTrial().Differ(Rows(dtype, alone), Rows(dtype, alone)));
    }

    // An ulp of half precision; a row of small numbers is rounded as the large ones of its pass are.
    [Theory]
    [InlineData("float16", false, 1.004f, false)]
    [InlineData("bfloat16", false, 1.0078125f, false)]
    [InlineData("float32", false, 1.004f, true)]
    [InlineData("float32", true, 1.004f, false)] // weights of half precision
    [InlineData("float32", true, 1.02f, true)]
    [InlineData("float32", false, float.NaN, true)]
    [InlineData("float32", false, float.NegativeInfinity, true)]
    public void Differ_ByRounding_GoesByTheNarrowestNumbers(string dtype, bool isNarrow, float number, bool differs) =>
        Assert.Equal(differs, new BatchTrial(isNarrow).Differ(
            Rows(dtype, [number, number, 1e-6f, 1e-4f]), Rows(dtype, [1, 1, 1e-6f, 0])));

    [Fact]
    public void Differ_OfRowsLongerThanAPiece_SeesTheLastNumber()
    {
        float[] alone = [.. Enumerable.Repeat(0f, 2999), 1];
        float[] together = [.. Enumerable.Repeat(0f, 2999), 2];
        foreach (var dtype in new[] { "float32", "float16" })
        {
            Assert.True(new BatchTrial().Differ(Rows(dtype, together, 3000), Rows(dtype, alone, 3000)));
        }
    }

    private static Dictionary<string, TensorPayload> Rows(string dtype, float[] values, int width = Width)
    {
        Assert.True(TensorDtypes.TryParseWire(dtype, out var type));
        var data = new byte[values.Length * type.ByteSize()];
        TensorConversion.FromFloat32(values, type, data);
        return new() { ["output"] = new TensorPayload(dtype, [values.Length / width, width], data) };
    }
}
