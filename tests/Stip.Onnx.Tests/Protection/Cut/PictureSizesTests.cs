using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Tests.Symmetry;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>How many rows a picture gives and how wide they are is told by the client's convolution.</summary>
public sealed class PictureSizesTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Theory]
    [InlineData(56, 56, 96, 96)] // features last: Swin, ConvNeXt
    [InlineData(96, 56, 48, 96)]
    [InlineData(56, 48, 96, 96)]
    [InlineData(0, 0, 96, 96)]
    [InlineData(96, 0, 0, 96)]
    public void Features_OfAMap_AreThoseOfTheConvolution(int second, int third, int last, long features)
    {
        _graph.Input("x", "batch", 3, 224, 224);
        _graph.Add("Conv", "map", "x", _graph.Weight("kernel", 96, 3, 4, 4));
        using var server = Server(second, third, last);

        Assert.Equal(
            features, ForeignPorts.Features(new(_graph.Graph.Graph, server.Graph.Graph, [], []), Port(server)));
    }

    [Theory]
    [InlineData(56, 56, 96, 96)]
    [InlineData(0, 0, 96, 96)]
    [InlineData(96, 56, 56, 96)]
    [InlineData(96, 0, 0, 96)]
    public void Features_OfAMapWithoutAConvolution_AreTheAxisUnlikeTheOthers(
        int second, int third, int last, long features)
    {
        using var server = Server(second, third, last);

        Assert.Equal(features, ForeignPorts.Features(new(null, server.Graph.Graph, [], []), Port(server)));
    }

    [Theory]
    [InlineData("Cast", 4, (8 * 4) + 8)]
    [InlineData("", 4, (8 * 4) + 8)]
    [InlineData("", 0, (32 * 16) + 8)] // an empty list of steps
    public void Most_OfAPictureOfOneSize_CountsTheConvolutionsSteps(string before, int step, int most)
    {
        _graph.Input("x", "batch", 3, 32, 16);
        var kernel = _graph.Weight("kernel", 6, 3, 4, 4);
        kernel = before.Length > 0 ? _graph.Add(before, "kernel_before", kernel) : kernel;
        var steps = NodeAttribute.Ints("strides", step, step);
        if (step == 0)
        {
            steps.Ints.Clear();
        }

        _graph.With("Conv", "map", ["x", kernel], steps);

        Assert.Equal(most, PatchCount.Most(Client()));
    }

    [Fact]
    public void Most_OfAPictureOfAnySize_IsNoBoundOfATexts()
    {
        _graph.Input("x", "batch", 3, "height", "width");
        _graph.Add("Conv", "map", "x", _graph.Weight("kernel", 6, 3, 4, 4));

        Assert.Equal(16_384, PatchCount.Most(Client()));
    }

    [Fact]
    public void Most_OfATextOrASound_IsNotTold()
    {
        _graph.Input("x", "batch", 3, "length");
        _graph.Add("Conv", "map", "x", _graph.Weight("kernel", 6, 3, 4));

        Assert.Null(PatchCount.Most(Client()));
    }

    // As Conformers begin: a spectrogram becomes a picture of one colour.
    [Fact]
    public void Most_OfASoundThatIsMadeAPicture_IsNotTold()
    {
        _graph.Input("x", "batch", "frames", 80);
        _graph.Add("Unsqueeze", "picture", "x", _graph.Numbers(1));
        _graph.Add("Conv", "map", "picture", _graph.Weight("kernel", 6, 1, 3, 3));

        Assert.Null(PatchCount.Most(Client()));
    }

    public void Dispose() => _graph.Dispose();

    private GraphPart Client() => new(
        "encoder", true, "client.onnx", new ModelProto { Graph = _graph.Graph.Graph }, []);

    private static SmallGraph Server(params int[] axes)
    {
        var server = new SmallGraph();
        server.Input("map", "batch", "second", "third", "last");
        foreach (var (axis, length) in Port(server).Type.TensorType.Shape.Dim.Skip(1).Zip(axes)
            .Where(pair => pair.Second > 0))
        {
            axis.DimValue = length;
        }

        return server;
    }

    private static ValueInfoProto Port(SmallGraph server) => server.Graph.Graph.Input.Single();
}
