using System.Text.Json;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Tests.Protection.Cut;

public sealed class LayerCachesTests
{
    [Theory]
    [InlineData("past", "past", "past_1")]
    [InlineData("past", "window", "past_0")] // layers that keep a window only are shorter
    [InlineData("s3", "s7", "past_1")] // names that an exporter counted
    public void Own_OfALengthOfTheOtherSide_IsReadOffACacheAsLong(string first, string second, string read)
    {
        using var graph = new SmallGraph();
        graph.Input("past_0", "batch", first, 4);
        graph.Input("past_1", "batch", second, 4);
        graph.Add("Identity", "present_0", "past_0");
        graph.Add("Identity", "present_1", "past_1");
        graph.Add("Shape", "lengths", "past_0");
        var part = new GraphPart("decoder", false, "model.onnx", new ModelProto { Graph = graph.Graph.Graph }, []);

        var own = new LayerCaches(part, [Cache(0), Cache(1)], place: 1).Own(part.Graph.Node.Skip(2), isClient: false);

        Assert.Equal([read], Assert.Single(own).Input);
    }

    private static CacheTensorManifest Cache(int layer) => new($"past_{layer}", $"present_{layer}",
    [
        JsonSerializer.SerializeToElement(CacheTensorManifest.Batch),
        JsonSerializer.SerializeToElement(CacheTensorManifest.Length),
        JsonSerializer.SerializeToElement(4),
    ]);
}
