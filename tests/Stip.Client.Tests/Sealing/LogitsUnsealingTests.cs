using Stip.Client.Sealing;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Sealing;

public sealed class LogitsUnsealingTests
{
    private static readonly ToyModel Model = new(vocabSize: 5);
    private static readonly VocabPermutation Permutation = VocabPermutation.TryCreate(Model.Permutation)!;
    private static readonly float[] Plain = [0.5f, -2, 4, 1, 3];

    [Theory]
    [InlineData(TensorDtype.Float32)]
    [InlineData(TensorDtype.Float16)]
    [InlineData(TensorDtype.BFloat16)]
    public void TryUnseal_FullRow_IsInThePlainOrder(TensorDtype dtype)
    {
        var bytes = new byte[5 * dtype.ByteSize()];
        TensorConversion.Convert(TensorDtype.Float32, ToyModel.Bytes(Model.Permuted(Plain)), dtype, bytes);

        var row = LogitsUnsealing.TryUnseal(new(dtype.WireName(), Shape: [5], Data: bytes), Permutation)!;

        Assert.True(row.IsFull);
        Assert.Equal(Plain, row.Values.ToArray());
        Assert.Equal(2, row.ArgMax());
    }

    [Fact]
    public void TryUnseal_TopK_NamesPlainTokens()
    {
        int[] indices = [Model.Permutation[2], Model.Permutation[4]];

        var row = LogitsUnsealing.TryUnseal(new("float32", indices, [4, 3], 4.4), Permutation)!;

        Assert.False(row.IsFull);
        Assert.Equal([2, 4], row.TokenIds.ToArray());
        Assert.Equal([4, 3], row.Values.ToArray());
        Assert.Equal(4.4, row.Logsumexp);
    }

    [Fact]
    public void ArgMax_EqualLogits_TakesTheLowestToken()
    {
        int[] indices = [Model.Permutation[4], Model.Permutation[1], Model.Permutation[0]];

        var row = LogitsUnsealing.TryUnseal(new("float32", indices, [3, 3, 2], 4.4), Permutation)!;

        Assert.Equal(1, row.ArgMax());
    }

    [Fact]
    public void TryUnseal_NotWhatTheContractSays_IsNull()
    {
        LogitsPayload[] broken =
        [
            new("float32", Shape: [5], Data: new byte[16]),
            new("int8", Shape: [5], Data: new byte[5]),
            new("float32"),
            new("float32", [5], [1], 1),
            new("float32", [-1], [1], 1),
            new("float32", [0, 1], [1], 1),
            new("float32", [0], [float.NaN], 1),
            new("float32", [0], [1]),
            new("float32", [], [], 1),
        ];

        Assert.All(broken, payload => Assert.Null(LogitsUnsealing.TryUnseal(payload, Permutation)));
    }

    [Fact]
    public void ToString_Permutation_ShowsItsLengthOnly() =>
        Assert.Equal("VocabPermutation of 5", Permutation.ToString());
}
