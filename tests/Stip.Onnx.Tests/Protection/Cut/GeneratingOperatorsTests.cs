using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

public sealed class GeneratingOperatorsTests
{
    [Theory]
    [InlineData("BeamSearch")]
    [InlineData("GreedySearch")]
    [InlineData("Sampling")]
    public void Protect_OfAGraphThatGenerates_IsRefusedWithTheReason(string operation)
    {
        using var graph = new SmallGraph();
        using var folder = new TemporaryFolder();
        graph.Graph.AddInput("input_ids", TensorDtype.Int32, "batch", "seq");
        graph.Graph.AddInput("max_length", TensorDtype.Int32, 1);
        graph.Graph.Append(
            "com.microsoft", operation, "search", ["input_ids", "max_length"], ["sequences"], new AttributeProto
            {
                Name = "decoder",
                Type = AttributeProto.Types.AttributeType.Graph,
                G = new GraphProto { Name = "decoder" },
            });
        graph.Graph.AddOutput("sequences", TensorDtype.Int32, "batch", "length");
        graph.Save().Dispose();

        var refused = Assert.Throws<RefusedException>(() => PackageProtector.Protect(
            graph.FilePath, folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3)));

        Assert.StartsWith(
            $"node 'search' ({operation}) generates text inside the graph", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.At("package")));
    }
}
