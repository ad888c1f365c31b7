using Google.Protobuf;
using Stip.Onnx.Model;
using Stip.TestKit;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Tests.Model;

public sealed class ModelFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Load_OfExternalData_MapsTheBytesInPlace()
    {
        File.WriteAllBytes(_folder.At("weights.bin"), [.. Enumerable.Range(0, 64).Select(i => (byte)i)]);
        Save(External("weights.bin", offset: "16", length: "8"));

        using var file = ModelFile.Load(_folder.At("model.onnx"));

        Assert.True(file.Tensors[0].IsExternal);
        Assert.Equal([16, 17, 18, 19, 20, 21, 22, 23], file.Tensors[0].Bytes().ToArray());
        Assert.Equal([18, 19], file.Tensors[0].Bytes(2, 2).ToArray());
    }

    [Fact]
    public void Load_OfDataThroughALinkInTheFolder_MapsTheBytesItPointsAt()
    {
        File.WriteAllBytes(_folder.At("weights.bin"), [.. Enumerable.Range(0, 64).Select(i => (byte)i)]);
        File.CreateSymbolicLink(_folder.At("link.bin"), "weights.bin");
        Save(External("link.bin", offset: "40", length: "8"));

        using var file = ModelFile.Load(_folder.At("model.onnx"));

        Assert.Equal([40, 41, 42, 43, 44, 45, 46, 47], file.Tensors[0].Bytes().ToArray());
    }

    [Theory]
    [InlineData("absent.bin", "0", "8", "missing")]
    [InlineData("weights.bin", "60", "8", "truncated")]
    [InlineData("weights.bin", "0", "12", "its shape asks for 8")]
    [InlineData("weights.bin", "minus", "8", "not a number of bytes")]
    [InlineData("../weights.bin", "0", "8", "outside the model's folder")]
    [InlineData("/etc/hostname", "0", "8", "outside the model's folder")]
    [InlineData("", "0", "8", "outside the model's folder")]
    [InlineData("link.bin", "0", "8", "a link out of the model's folder")]
    [InlineData("link/weights.bin", "0", "8", "a link out of the model's folder")]
    public void Load_OfDataThatIsNotThere_IsRefusedInOneLine(
        string location, string offset, string length, string reason)
    {
        using var elsewhere = new TemporaryFolder();
        File.WriteAllBytes(elsewhere.At("weights.bin"), new byte[64]);
        File.WriteAllBytes(_folder.At("weights.bin"), new byte[64]);
        File.CreateSymbolicLink(_folder.At("link.bin"), elsewhere.At("weights.bin"));
        Directory.CreateSymbolicLink(_folder.At("link"), elsewhere.Path);
        Save(External(location, offset, length));

        var refusal = Assert.Throws<RefusedException>(() => ModelFile.Load(_folder.At("model.onnx")));

        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    // A link's name may look as if it stayed where the folder's other name is.
    [Theory]
    [InlineData("../model/weights.bin", "a link out of the model's folder")]
    [InlineData("inside.bin", null)]
    public void Load_OfALinkInALinkedFolder_FollowsItFromWhereItLies(string target, string? reason)
    {
        Directory.CreateDirectory(_folder.At("cache", "held"));
        Directory.CreateDirectory(_folder.At("cache", "model"));
        File.WriteAllBytes(_folder.At("cache", "model", "weights.bin"), new byte[64]);
        File.WriteAllBytes(_folder.At("cache", "held", "inside.bin"), new byte[64]);
        File.CreateSymbolicLink(_folder.At("cache", "held", "data.bin"), target);
        Save(External("data.bin", offset: "0", length: "8"));
        File.Move(_folder.At("model.onnx"), _folder.At("cache", "held", "model.onnx"));
        Directory.CreateSymbolicLink(_folder.At("model"), _folder.At("cache", "held"));

        if (reason is null)
        {
            using var file = ModelFile.Load(_folder.At("model", "model.onnx"));
            Assert.Equal(new byte[8], file.Tensors[0].Bytes().ToArray());
            return;
        }

        var refusal = Assert.Throws<RefusedException>(() => ModelFile.Load(_folder.At("model", "model.onnx")));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfTypedFields_GivesTheSameBytesAsRawData()
    {
        var floats = new TensorProto { Name = "f", DataType = 1, Dims = { 2 }, FloatData = { 1, -2 } };
        var halves = new TensorProto { Name = "h", DataType = 10, Dims = { 1 }, Int32Data = { 0x3C00 } };
        var bytes = new TensorProto { Name = "b", DataType = (int)DataType.Int8, Dims = { 2 }, Int32Data = { -1, 5 } };
        var longs = new TensorProto { Name = "l", DataType = (int)DataType.Int64, Dims = { 1 }, Int64Data = { -7 } };
        Save(floats, halves, bytes, longs);

        using var file = ModelFile.Load(_folder.At("model.onnx"));

        Assert.Equal([0, 0, 128, 63, 0, 0, 0, 192], file.Tensors[0].Bytes().ToArray());
        Assert.Equal([0, 0x3C], file.Tensors[1].Bytes().ToArray());
        Assert.Equal([255, 5], file.Tensors[2].Bytes().ToArray());
        Assert.Equal(BitConverter.GetBytes(-7L), file.Tensors[3].Bytes().ToArray());
        Assert.False(file.Tensors[0].IsExternal);
    }

    [Fact]
    public void Load_OfTooFewInlineBytes_IsRefused()
    {
        Save(new TensorProto { Name = "w", DataType = (int)DataType.Float, Dims = { 3 }, FloatData = { 1 } });

        var refusal = Assert.Throws<RefusedException>(() => ModelFile.Load(_folder.At("model.onnx")));

        Assert.Equal("tensor 'w' has 4 bytes, its shape asks for 12", refusal.Message);
    }

    [Theory]
    [InlineData(1L << 40, 0L)]
    [InlineData(1L << 62, 4L)]
    [InlineData(-2L, 4L)]
    public void Load_OfAShapeThatNoTensorHas_IsRefused(long rows, long columns)
    {
        Save(new TensorProto { Name = "w", DataType = (int)DataType.Float, Dims = { rows, columns } });

        var refusal = Assert.Throws<RefusedException>(() => ModelFile.Load(_folder.At("model.onnx")));

        Assert.Contains($"'w' has shape [{rows}, {columns}]", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfAConstantNode_ListsItsTensorToo()
    {
        var model = Model();
        var constant = new NodeProto { OpType = "Constant", Output = { "c" } };
        constant.Attribute.Add(new AttributeProto
        {
            Name = "value",
            T = new TensorProto { DataType = (int)DataType.Float, Dims = { 1 }, FloatData = { 4 } },
        });
        model.Graph.Node.Add(constant);
        File.WriteAllBytes(_folder.At("model.onnx"), model.ToByteArray());

        using var file = ModelFile.Load(_folder.At("model.onnx"));

        Assert.Equal("c", Assert.Single(file.Tensors).Name);
    }

    [Theory]
    [InlineData("not an onnx graph at all")]
    [InlineData("")]
    public void Load_OfAnotherFile_IsRefused(string text)
    {
        File.WriteAllText(_folder.At("model.onnx"), text);

        Assert.Contains("not an ONNX graph", Assert.Throws<RefusedException>(
            () => ModelFile.Load(_folder.At("model.onnx"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfTwoWeightsOfOneName_IsRefused()
    {
        var tensor = new TensorProto { Name = "w", DataType = (int)DataType.Float, Dims = { 1 }, FloatData = { 1 } };
        Save(tensor, tensor.Clone());

        Assert.Contains("'w' twice", Assert.Throws<RefusedException>(
            () => ModelFile.Load(_folder.At("model.onnx"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfNothing_IsRefused() =>
        Assert.Throws<RefusedException>(() => ModelFile.Load(_folder.At("model.onnx")));

    public void Dispose() => _folder.Dispose();

    private static ModelProto Model() => new()
    {
        Graph = new GraphProto
        {
            Name = "g",
            Node = { new NodeProto { OpType = "Identity", Input = { "x" }, Output = { "y" } } },
        },
    };

    private static TensorProto External(string location, string offset, string length)
    {
        var tensor = new TensorProto
        {
            Name = "w",
            DataType = (int)DataType.Float,
            Dims = { 2 },
            DataLocation = TensorProto.Types.DataLocation.External,
        };
        foreach (var (key, value) in new[] { ("location", location), ("offset", offset), ("length", length) })
        {
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        }

        return tensor;
    }

    private void Save(params TensorProto[] tensors)
    {
        var model = Model();
        model.Graph.Initializer.Add(tensors);
        File.WriteAllBytes(_folder.At("model.onnx"), model.ToByteArray());
    }
}
