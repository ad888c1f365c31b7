using Stip.Onnx.Model;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Attention that gives its scores beside its result, as decoders of speech do for times of words.</summary>
public sealed class ShownScoresTests
{
    private const int Heads = 3;
    private const int Width = 12;

    [Fact]
    public void MultiHeadAttention_ThatShowsItsScores_MovesHeads()
    {
        using var graph = new SmallGraph();
        graph.Graph.AddMicrosoft(
            "MultiHeadAttention", "attention", [graph.Hidden(Width, "q"), graph.Hidden(Width, "k"), graph.Hidden(
                Width, "v")],
            ["mixed", "", "", "scores"], NodeAttribute.Int("num_heads", Heads));
        graph.Finish("mixed", Width);
        graph.Output("scores", "batch", Heads, "seq", "total");

        var plan = ProtocolLaw.AssertHolds(graph);

        Assert.Equal([1], plan.Outputs["scores"].FeatureAxes);
    }
}
