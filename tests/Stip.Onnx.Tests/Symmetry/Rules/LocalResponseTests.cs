using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>Local response normalisation of even sizes, which ONNX Runtime's CPU does not run: its window reaches one
/// channel further after than before, so channels have no mirror image.</summary>
public sealed class LocalResponseTests
{
    private const int Channels = 5;

    [Theory]
    [InlineData(1, Channels)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 1)]
    public void Channels_TradePlacesAsTheirWindowLets(int size, int most)
    {
        using var graph = new SmallGraph();
        OfChannels(graph, size);
        using var file = graph.Save();

        var analysis = SymmetryAnalysis.Of(file);

        var weight = analysis.Graph.Parts.Single().Weights.Single(weight => weight.Tensor.Name == "w_h");
        Assert.Empty(analysis.Graph.Unruled);
        Assert.Equal(most, weight.AxisOrNull(1)!.Max(channel => analysis.Classes.Size(channel)));
    }

    /// <summary>Features against their neighbours: channels first, then back.</summary>
    internal static void OfChannels(SmallGraph graph, int size)
    {
        var turned = graph.With(
            "Transpose", "turned", [graph.Hidden(Channels)], NodeAttribute.Ints("perm", 0, 2, 1));
        var image = graph.Add("Unsqueeze", "image", turned, graph.Numbers(3));
        var normed = graph.With(
            "LRN", "normed", [image], NodeAttribute.Int("size", size), NodeAttribute.Float("alpha", 1));
        var flat = graph.Add("Squeeze", "flat", normed, graph.Numbers(3));
        graph.Finish(graph.With("Transpose", "back", [flat], NodeAttribute.Ints("perm", 0, 2, 1)), Channels);
    }
}
