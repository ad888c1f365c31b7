namespace Stip.Onnx.Tests.Symmetry;

/// <summary>One of two tensors is taken by the length of the text, as models with two sets of frequencies do. The run
/// on labels sees one length only.</summary>
public sealed class TakenByLengthTests
{
    private const int Width = 6;

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    public void Where_ByLength_MovesBothAlike(long tokens)
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", Width);
        var length = graph.Add("Gather", "length", graph.Add("Shape", "shape", "x"), graph.Integer(1));
        var isLong = graph.Add("Greater", "is_long", length, graph.Integer(5));
        graph.Add("Where", "factors", isLong, graph.Weight("long", Width), graph.Weight("short", Width));
        graph.Add("Mul", "scaled", "x", "factors");
        graph.Finish("scaled", Width);

        ProtocolLaw.AssertHolds(graph, sizes: new Dictionary<(string, int), long> { [("x", 1)] = tokens });
    }
}
