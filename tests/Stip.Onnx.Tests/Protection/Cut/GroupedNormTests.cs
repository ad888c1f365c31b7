using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Tests.Symmetry;

namespace Stip.Onnx.Tests.Protection.Cut;

public sealed class GroupedNormTests
{
    [Fact]
    public void FeaturesAndPlaces_LaidTogetherForANormOverGroups_AreTheServers()
    {
        using var graph = new SmallGraph();
        graph.Input("input_values", "batch", 1, "length");
        graph.With(
            "Conv", "waves", ["input_values", graph.Weight("kernel", 6, 1, 4)], NodeAttribute.Ints("strides", 2));
        graph.Add("Reshape", "groups", "waves", graph.Numbers(0, 2, -1));
        graph.Add("InstanceNormalization", "normed", "groups", graph.Floats(1, 1), graph.Floats(0, 0));
        graph.Add("Reshape", "back", "normed", graph.Add("Shape", "shape", "waves"));
        graph.Add("Mul", "y", "back", graph.Weight("gamma", 6, 1));
        graph.Output("y", "batch", 6, "length");
        using var file = graph.Save();

        var cut = ClientCut.Find(file.Graph, shapesHaveEnds: true);

        Assert.Equal("Conv", Assert.Single(cut.Client!.Node).OpType);
        Assert.Equal(["inputs_embeds"], cut.Sent);
    }
}
