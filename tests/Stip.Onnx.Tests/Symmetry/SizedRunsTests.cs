using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>What is said of a graph that fits none of the sizes.</summary>
public sealed class SizedRunsTests
{
    // Three tokens do not become fours; of four the next node reads what nothing makes.
    [Fact]
    public void Refusal_AtALargerSize_NamesWhatTheFirstOneFailedOn()
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", 6);
        var fours = graph.Add("Reshape", "fours", "x", graph.Numbers(0, -1, 24));
        graph.Add("MatMul", "h", fours, graph.Weight("w", 24, 5));
        graph.Add("Add", "y", "h", "nowhere");
        graph.Output("y", "batch", "fours", 5);
        using var file = graph.Save();

        var refusal = Assert.Throws<RefusedException>(() => SymmetryAnalysis.Of(file));

        Assert.Contains("fours/node", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("nowhere", refusal.Message, StringComparison.Ordinal);
    }

    // BLOOM's: keys of all heads and sequences stand along one axis.
    [Fact]
    public void Refusal_OfACacheOfSequencesTimesHeads_NamesIt()
    {
        using var graph = new SmallGraph();
        var keys = graph.Hidden(6);
        var heads = graph.With("Concat", "heads", [keys, keys], NodeAttribute.Int("axis", 0));
        graph.Input("past_key", "batch x heads", "past", 6);
        graph.With("Concat", "present_key", ["past_key", heads], NodeAttribute.Int("axis", 1));
        graph.Output("present_key", "batch x heads", "total", 6);
        using var file = graph.Save();

        var refusal = Assert.Throws<RefusedException>(() => SymmetryAnalysis.Of(file));

        Assert.Contains("'past_key' [2,2,6]", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("'heads' is [4,3,6]", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("sequences times heads", refusal.Message, StringComparison.Ordinal);
    }

    // With no room at all it is an input or a weight that finds none, with some a node.
    [Theory]
    [InlineData(-1, "the graph treats")]
    [InlineData(10, "node 'h/node' (MatMul)")]
    public void Refusal_WithoutRoomForWhatNodesHangOn_IsTheSameForInputsAndNodes(int mostEdges, string who)
    {
        using var graph = new SmallGraph();
        graph.Finish(graph.Hidden(8), 8);
        using var file = graph.Save();

        var refusal = Assert.Throws<RefusedException>(
            () => LabelRun.Execute([GraphPart.Of(file)], [], mostEdges: mostEdges));

        Assert.StartsWith(who, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("too many positions apart", refusal.Message, StringComparison.Ordinal);
    }
}
