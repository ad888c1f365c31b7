using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Model;

public sealed class NodeOrderTests
{
    // As converters to float16 leave a picture's graph: the cast of the input is the last node.
    [Fact]
    public void Protect_OfAnInputThatTheLastNodeCasts_IsAsTheSameGraphInOrder()
    {
        using var graph = new SmallGraph();
        graph.Input("pixels", "batch", 3, 16, 16);
        graph.Add("Conv", "mixed", "cast", graph.Weight("kernel", 8, 3, 3, 3));
        graph.Add("Relu", "active", "mixed");
        graph.Add("Conv", "more", "active", graph.Weight("second", 16, 8, 3, 3));
        graph.Add("Conv", "y", "more", graph.Weight("third", 4, 16, 3, 3));
        graph.With("Cast", "cast", ["pixels"], NodeAttribute.Int("to", 1));
        graph.Output("y", "batch", 4, 10, 10);
        using var file = graph.Save();
        using var folder = new TemporaryFolder();

        Assert.Equal(["Cast", "Conv", "Relu", "Conv", "Conv"], file.Graph.Node.Select(node => node.OpType));
        var made = PackageProtector.Protect(graph.FilePath, folder.At("package"), new ProtectionOptions());

        Assert.True(made.Verification!.Passed, made.Verification.Worst);
    }

    [Theory]
    [InlineData("ab|bc|cd", "ab|bc|cd")]
    [InlineData("bc|ab|cd", "ab|bc|cd")]
    [InlineData("cd|bc|ab|ax", "ab|bc|cd|ax")]
    [InlineData("ax|bc|cb|ab", "ax|bc|cb|ab")]
    [InlineData("ax|bb", "ax|bb")]
    public void Sort_OfNodes_PutsWhatTheyReadBeforeThem(string given, string expected)
    {
        var graph = new GraphProto();
        graph.Node.Add(given.Split('|').Select(
            node => new NodeProto { Input = { node[..1] }, Output = { node[1..] } }));

        NodeOrder.Sort(graph);

        Assert.Equal(expected, string.Join('|', graph.Node.Select(node => node.Input[0] + node.Output[0])));
    }
}
