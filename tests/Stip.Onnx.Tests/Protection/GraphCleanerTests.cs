using System.Text;
using Google.Protobuf;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;

namespace Stip.Onnx.Tests.Protection;

public sealed class GraphCleanerTests
{
    private const string Story = "LlamaForCausalLM";

    [Fact]
    public void Clean_TakesOutEveryStory_AndNothingElse()
    {
        var model = Model(Story);

        GraphCleaner.Clean(model);

        Assert.Equal(Model(null), model);
        Assert.DoesNotContain(Story, Encoding.UTF8.GetString(model.ToByteArray()), StringComparison.Ordinal);
    }

    private static ModelProto Model(string? story)
    {
        var told = story ?? "";
        var tensor = new TensorProto { Name = "w", DataType = 1, DocString = told, MetadataProps = { Props(story) } };
        var inner = new GraphProto { Name = Named(story), DocString = told, Initializer = { tensor.Clone() } };
        var node = new NodeProto { OpType = "If", Name = "n", DocString = told, MetadataProps = { Props(story) } };
        node.Attribute.Add(new AttributeProto { Name = "then", G = inner, DocString = story ?? "" });
        node.Attribute.Add(new AttributeProto { Name = "value", T = tensor.Clone(), Tensors = { tensor.Clone() } });
        var type = new TypeProto { Denotation = told, TensorType = new() { Shape = new() } };
        type.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { Denotation = told });
        var value = new ValueInfoProto
        {
            Name = "v",
            DocString = told,
            MetadataProps = { Props(story) },
            Type = type,
        };
        var function = new FunctionProto { Name = "f", DocString = told, Node = { node }, ValueInfo = { value } };
        function.AttributeProto.Add(new AttributeProto { Name = "d", DocString = told, T = tensor.Clone() });
        return new ModelProto
        {
            DocString = story ?? "",
            MetadataProps = { Props(story) },
            TrainingInfo = { Bytes(story) },
            Graph = new GraphProto
            {
                Name = Named(story),
                QuantizationAnnotation = { Bytes(story) },
                DocString = story ?? "",
                MetadataProps = { Props(story) },
                Node = { node },
                Initializer = { tensor },
                Input = { value },
                ValueInfo = { value },
            },
            Functions = { function },
        };
    }

    private static string Named(string? story) => story ?? "graph";

    // Messages that are never read.
    private static ByteString[] Bytes(string? story) => story is null ? [] : [ByteString.CopyFromUtf8(story)];

    private static StringStringEntryProto[] Props(string? story) =>
        story is null ? [] : [new StringStringEntryProto { Key = "class", Value = story }];
}
