using Google.Protobuf;
using Stip.Api.Registry.Packages;
using Stip.Onnx.Model;

namespace Stip.Api.Tests.Registry;

public sealed class RotaryRowsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tables_AsInitialisersAndAsConstantNodes_BoundThePositions(bool areNodes)
    {
        var graph = new GraphProto();
        foreach (var (name, rows) in new[] { ("cosines", 5L), ("sines", 5L), ("weight", 3L) })
        {
            var table = new TensorProto { Name = areNodes ? "" : name, DataType = 1, Dims = { rows, 2 } };
            if (!areNodes)
            {
                graph.Initializer.Add(table);
                continue;
            }

            graph.Node.Add(new NodeProto
            {
                OpType = "Constant",
                Output = { name },
                Attribute = { new AttributeProto { Name = "value", T = table } },
            });
        }

        graph.Node.Add(new NodeProto
        {
            OpType = "RotaryEmbedding",
            Domain = "com.microsoft",
            Input = { "x", "position_ids", "cosines", "sines" },
            Output = { "turned" },
        });
        var model = new ModelProto { Graph = graph };

        Assert.Equal(5UL, RotaryRows.Shortest(GraphOutline.Read(model.ToByteArray()).Graph));
    }
}
