using System.Runtime.InteropServices;
using Google.Protobuf;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Tests.Protection.Cut;

public sealed class TiedTablesTests
{
    private const int Rows = 5;
    private const int Columns = 3;

    private static readonly float[] Table = [.. Enumerable.Range(0, Rows * Columns).Select(i => (i * 0.37f) - 1)];

    public enum Kept
    {
        AsItIs, Turned, InHalf, Other, Fewer,
    }

    [Theory]
    [InlineData(Kept.AsItIs, true)]
    [InlineData(Kept.Turned, true)]
    [InlineData(Kept.InHalf, true)]
    [InlineData(Kept.Other, false)]
    [InlineData(Kept.Fewer, false)]
    public void Any_OfTwoGraphs_ComparesContentsAndNotNames(Kept kept, bool isTied)
    {
        var head = kept switch
        {
            Kept.AsItIs => Floats("head", Table, Rows, Columns),
            Kept.Turned => Floats("head", Turned(), Columns, Rows),
            Kept.InHalf => Halves("head"),
            Kept.Fewer => Floats("tokens", Table[Columns..], Rows - 1, Columns),
            _ => Floats("tokens", [.. Table.Select(value => value + 1)], Rows, Columns),
        };

        Assert.Equal(isTied, TiedTables.Any([Part(true, Floats("tokens", Table, Rows, Columns)), Part(false, head)]));
    }

    [Fact]
    public void Any_OfNumbersThatAreAllTheSame_TellsNothing()
    {
        var ones = Enumerable.Repeat(1f, Rows * Columns).ToArray();

        Assert.False(TiedTables.Any(
            [Part(true, Floats("a", ones, Rows, Columns)), Part(false, Floats("b", ones, Rows, Columns))]));
    }

    private static float[] Turned() => [.. Enumerable.Range(0, Columns)
        .SelectMany(column => Enumerable.Range(0, Rows).Select(row => Table[(row * Columns) + column]))];

    private static GraphPart Part(bool isClient, TensorProto tensor) => new(
        "encoder", isClient, "g.onnx", new ModelProto { Graph = new GraphProto() },
        [Onnx.Model.InlineData.Open("t", tensor)]);

    private static TensorProto Floats(string name, float[] values, params long[] shape)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)DataType.Float };
        tensor.Dims.Add(shape);
        tensor.FloatData.Add(values);
        return tensor;
    }

    private static TensorProto Halves(string name)
    {
        Half[] values = [.. Table.Select(value => (Half)value)];
        return new TensorProto
        {
            Name = name,
            DataType = (int)DataType.Float16,
            Dims = { Rows, Columns },
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan())),
        };
    }
}
