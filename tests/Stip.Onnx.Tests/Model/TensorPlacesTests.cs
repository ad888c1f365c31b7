using System.Text;
using Google.Protobuf;
using Stip.Onnx.Model;
using Stip.TestKit;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Tests.Model;

/// <summary>Nothing but initialisers and Constant nodes may hold numbers: the rest would be copied as it is.</summary>
public sealed class TensorPlacesTests : IDisposable
{
    private static readonly TensorProto Numbers = new()
    {
        DataType = (int)DataType.Float,
        Dims = { 2 },
        FloatData = { 1, 2 },
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Held => new()
    {
        { "sparse_value", "node 'c' (Constant) holds a sparse tensor in 'sparse_value'" },
        { "weights", "node 'c' (Constant) holds tensors or graphs in 'weights'" },
        { "list", "node 'c' (Constant) holds tensors or graphs in 'list'" },
        { "coefficients", "node 'c' (Constant) holds a long list or text in 'coefficients'" },
        { "words", "node 'c' (Constant) holds a long list or text in 'words'" },
        { "compiled", "node 'c' (Constant) holds a long list or text in 'compiled'" },
    };

    [Theory]
    [MemberData(nameof(Held))]
    public void Load_OfATensorInAnAttribute_IsRefusedByName(string attribute, string reason)
    {
        var node = Constant(attribute switch
        {
            "sparse_value" => new() { Name = attribute, SparseTensor = ByteString.CopyFrom(8, 1) },
            "weights" => new() { Name = attribute, T = Numbers },
            "coefficients" => new() { Name = attribute, Floats = { Enumerable.Repeat(1f, 65) } },
            "words" => new() { Name = attribute, Strings = { Enumerable.Repeat(ByteString.CopyFromUtf8("a"), 65) } },
            "compiled" => new() { Name = attribute, S = ByteString.CopyFrom(new byte[4097]) },
            _ => new() { Name = attribute, Tensors = { Numbers } },
        });
        var inner = new NodeProto { OpType = "If", Name = "if", Input = { "x" }, Output = { "z" } };
        inner.Attribute.Add(new AttributeProto { Name = "then", G = new GraphProto { Node = { node } } });

        Assert.Contains(reason, Refusal(node), StringComparison.Ordinal);
        Assert.Contains(reason, Refusal(inner), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfATensorThatAFunctionDefaultsTo_IsRefused()
    {
        var model = Model();
        var function = new FunctionProto { Name = "f", Node = { Constant(new() { Name = "value", I = 1 }) } };
        function.AttributeProto.Add(new AttributeProto { Name = "table", T = Numbers });
        model.Functions.Add(function);

        Assert.Contains("function 'f' holds tensors or graphs in 'table'", Refusal(model), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfFieldsThatNobodyKnows_DropsThem()
    {
        const string Secret = "unseen weights";
        var model = Model();
        using var bytes = new MemoryStream();
        model.WriteTo(bytes);
        using (var coded = new CodedOutputStream(bytes, leaveOpen: true))
        {
            coded.WriteTag(1000, WireFormat.WireType.LengthDelimited);
            coded.WriteString(Secret);
        }

        File.WriteAllBytes(_folder.At("model.onnx"), bytes.ToArray());
        using var file = ModelFile.Load(_folder.At("model.onnx"));

        Assert.DoesNotContain(Secret, Encoding.UTF8.GetString(file.Model.ToByteArray()), StringComparison.Ordinal);
        Assert.Equal(model, file.Model);
    }

    [Fact]
    public void Load_OfALongListOfNumbers_MakesItATensor()
    {
        var node = Constant(new AttributeProto { Name = "value_floats" });
        node.Attribute[0].Floats.Add(Enumerable.Range(0, 100).Select(i => (float)i));
        Save(node);

        using var file = ModelFile.Load(_folder.At("model.onnx"));

        Assert.Equal([100], Assert.Single(file.Tensors).Shape);
        Assert.Equal("value", Assert.Single(file.Graph.Node[^1].Attribute).Name);
    }

    public void Dispose() => _folder.Dispose();

    private static NodeProto Constant(AttributeProto attribute) =>
        new() { OpType = "Constant", Name = "c", Output = { "c" }, Attribute = { attribute } };

    private static ModelProto Model() => new()
    {
        Graph = new GraphProto
        {
            Name = "g",
            Node = { new NodeProto { OpType = "Identity", Input = { "x" }, Output = { "y" } } },
        },
    };

    private string Refusal(NodeProto node)
    {
        Save(node);
        return Assert.Throws<RefusedException>(() => ModelFile.Load(_folder.At("model.onnx"))).Message;
    }

    private string Refusal(ModelProto model)
    {
        File.WriteAllBytes(_folder.At("model.onnx"), model.ToByteArray());
        return Assert.Throws<RefusedException>(() => ModelFile.Load(_folder.At("model.onnx"))).Message;
    }

    private void Save(NodeProto node)
    {
        var model = Model();
        model.Graph.Node.Add(node);
        File.WriteAllBytes(_folder.At("model.onnx"), model.ToByteArray());
    }
}
