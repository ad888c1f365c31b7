using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Execution;

public sealed class DecoderRunnerTests : IDisposable
{
    private const int Tokens = 6;
    private const int MaxLength = 9;
    private const float Float32Rounding = 1e-5f;

    private readonly TemporaryFolder _folder = new();
    private readonly float[] _rows = new float[Tokens * TinyDecoder.HiddenSize]; // [tokens, hidden]

    public DecoderRunnerTests()
    {
        var random = new Random(4);
        for (var i = 0; i < _rows.Length; i++)
        {
            _rows[i] = random.NextSingle() - 0.5f;
        }
    }

    [Theory]
    [InlineData(TensorDtype.Float32, Float32Rounding)]
    [InlineData(TensorDtype.Float16, 5e-3f)]
    public void Append_RowByRow_EqualsAllAtOnce(TensorDtype dtype, float rounding)
    {
        using var runner = Load(dtype);
        var whole = runner.Append(_rows, allRows: true).ToArray();
        runner.Rewind(0);
        for (var token = 0; token < Tokens; token++)
        {
            var expected = whole.AsSpan(token * TinyDecoder.VocabSize, TinyDecoder.VocabSize);
            AssertNear(expected, runner.Append(Row(token, 1)), rounding);
        }

        Assert.Equal(Tokens, runner.CachedTokens);
    }

    [Fact]
    public void Append_OfTheLastRowOnly_EqualsTheLastOfAll()
    {
        using var runner = Load();
        var all = runner.Append(_rows, allRows: true).ToArray();
        runner.Rewind(0);

        AssertNear(all.AsSpan(^TinyDecoder.VocabSize..), runner.Append(_rows), Float32Rounding);
    }

    [Fact]
    public void Append_InChunks_EqualsAllAtOnce()
    {
        using var runner = Load();
        var whole = runner.Append(_rows).ToArray();
        runner.Rewind(0);
        runner.Append(Row(0, 2));
        runner.Append(Row(2, 3));

        AssertNear(whole, runner.Append(Row(5, 1)), Float32Rounding);
    }

    [Fact]
    public void Rewind_ThenTheSameRows_GivesTheSameBits()
    {
        using var runner = Load();
        runner.Append(Row(0, 3));
        var before = runner.Append(Row(3, 1)).ToArray();
        runner.Append(Row(4, 2));
        runner.Rewind(3);

        Assert.Equal(before, runner.Append(Row(3, 1)).ToArray());
    }

    [Fact]
    public void ReadCache_AfterAppend_HoldsThoseTokensOnly()
    {
        using var runner = Load();
        runner.Append(Row(0, 3));
        var three = runner.ReadCache().ToDictionary(entry => entry.Name, entry => entry.Tensor);
        runner.Append(Row(3, 2));
        runner.Rewind(3);

        Assert.Equal(["present.0.key", "present.0.value"], three.Keys);
        Assert.All(three.Values, tensor => Assert.Equal([1, 1, 3, 8], tensor.Shape));
        Assert.All(runner.ReadCache(), entry => Assert.Equal(three[entry.Name].Bytes, entry.Tensor.Bytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(MaxLength + 1)]
    public void Append_OfTooFewOrTooManyRows_Refuses(int rows)
    {
        using var runner = Load();

        Assert.Throws<ArgumentException>(() => runner.Append(new float[rows * TinyDecoder.HiddenSize]));
        Assert.Throws<ArgumentException>(() => runner.Append(new float[TinyDecoder.HiddenSize + 1]));
        Assert.Equal(0, runner.CachedTokens);
    }

    [Fact]
    public void Rewind_BeyondTheCache_Refuses()
    {
        using var runner = Load();

        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Rewind(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Rewind(-1));
    }

    public void Dispose() => _folder.Dispose();

    private static void AssertNear(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float rounding)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.InRange(actual[i] - expected[i], -rounding, rounding);
        }
    }

    private ReadOnlySpan<float> Row(int first, int count) =>
        _rows.AsSpan(first * TinyDecoder.HiddenSize, count * TinyDecoder.HiddenSize);

    private DecoderRunner Load(TensorDtype dtype = TensorDtype.Float32)
    {
        TinyDecoder.Save(_folder.At("model.onnx"), dtype);
        return new DecoderRunner(_folder.At("model.onnx"), MaxLength, threads: 1);
    }
}
