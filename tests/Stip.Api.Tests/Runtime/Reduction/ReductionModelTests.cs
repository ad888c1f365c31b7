using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Stip.Api.Runtime.Reduction;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Runtime.Reduction;

public sealed class ReductionModelTests
{
    private const int Vocab = 20_000;
    private const string Keys = "key";

    /// <summary>The CPU's TopK keeps the order of equal numbers by itself; that of a device need not, so what is sorted
    /// must have no equals.</summary>
    [Fact]
    public void Keys_OfEqualNumbers_DifferAndFallWithTheIndex()
    {
        float[] numbers =
        [
            0, -0f, float.Epsilon, -float.Epsilon, 1, MathF.BitDecrement(1), -1, MathF.BitIncrement(-1), 12.5f,
            float.MaxValue, MathF.BitDecrement(float.MaxValue), float.MinValue, float.NegativeInfinity,
        ];
        var random = new Random(4);
        var row = Enumerable.Range(0, Vocab).Select(_ => numbers[random.Next(numbers.Length)]).ToArray();

        var keys = KeysOf(row);

        Assert.All(keys, key => Assert.True(double.IsFinite(key)));
        Assert.Equal(Vocab, keys.Distinct().Count());
        Assert.Equal(
            Enumerable.Range(0, Vocab).OrderByDescending(i => row[i]).ThenBy(i => i),
            Enumerable.Range(0, Vocab).OrderByDescending(i => keys[i]));
    }

    [Fact]
    public void Keys_OfWhatIsNoNumber_AreFinite()
    {
        var row = new float[Vocab];
        (row[0], row[5], row[9], row[Vocab - 1]) =
            (float.NaN, float.PositiveInfinity, float.NegativeInfinity, -float.NaN);
        Assert.All(KeysOf(row), key => Assert.True(double.IsFinite(key)));
    }

    private static double[] KeysOf(float[] row)
    {
        var model = ModelProto.Parser.ParseFrom(ReductionModel.Write(TensorDtype.Float32, Vocab));
        model.Graph.Output.Clear();
        model.Graph.Output.Add(new ValueInfoProto
        {
            Name = Keys,
            Type = new TypeProto
            {
                TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Double },
            },
        });
        using var session = new InferenceSession(model.ToByteArray());
        using var options = new RunOptions();
        using var logits = OrtValue.CreateTensorValueFromMemory(row, [1, Vocab]);
        using var inverse = OrtValue.CreateTensorValueFromMemory(new[] { 1f }, [1, 1]);
        using var k = OrtValue.CreateTensorValueFromMemory(new[] { 1L }, [1]);
        using var results = session.Run(
            options, [ReductionModel.Logits, ReductionModel.Inverse, ReductionModel.PieceK, ReductionModel.K],
            [logits, inverse, k, k], [Keys]);
        return results[0].GetTensorDataAsSpan<double>().ToArray();
    }
}
