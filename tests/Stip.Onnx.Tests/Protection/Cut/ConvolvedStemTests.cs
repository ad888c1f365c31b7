using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Tests.Symmetry;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Several convolutions before the places, as Whisper's encoder has them.</summary>
public sealed class ConvolvedStemTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Fact]
    public void TwoConvolutionsAndThePlaces_AreTheClients()
    {
        Rows("Relu");
        Places("rows", "placed");
        Encode("placed");

        var cut = Cut();

        Assert.Equal(
            ["Conv", "Relu", "Conv", "Erf", "Transpose", "Add"], cut.Client!.Node.Select(node => node.OpType));
        Assert.Equal(["inputs_embeds"], cut.Features);
        Assert.Equal(
            ["gamma", "beta", "w"], cut.Cloud.Initializer.Select(tensor => tensor.Name));
    }

    [Fact]
    public void ATableOfWhichTheFirstPlacesAreCut_IsTheClients()
    {
        Rows("Relu");
        _graph.Add("Shape", "shape", "rows");
        _graph.Add("Gather", "length", "shape", _graph.Numbers(1));
        _graph.Add("Slice", "part", _graph.Weight("places", 9, 6), _graph.Numbers(0), "length", _graph.Numbers(0));
        _graph.Add("Add", "placed", "rows", "part");
        Encode("placed");

        Assert.DoesNotContain(Cut().Cloud.Initializer, tensor => tensor.Name is "places" or "second");
    }

    [Fact]
    public void RowsThatTheServerNeedsWithoutPlaces_KeepOneConvolutionWithTheClient()
    {
        Rows("Relu");
        Places("rows", "placed");
        _graph.Add("Mul", "both", "placed", "rows");
        Encode("both");

        Assert.Equal(["Conv"], Cut().Client!.Node.Select(node => node.OpType));
    }

    [Fact]
    public void ConvolutionsWithoutPlaces_AreTheServersButForTheFirst()
    {
        Rows("Relu");
        Encode("rows");

        Assert.Equal(["Conv"], Cut().Client!.Node.Select(node => node.OpType));
    }

    [Fact]
    public void ANormBetweenConvolutions_IsTheServers()
    {
        Rows("Softmax");
        Places("rows", "placed");
        Encode("placed");

        Assert.Equal(["Conv"], Cut().Client!.Node.Select(node => node.OpType));
    }

    public void Dispose() => _graph.Dispose();

    private void Rows(string between)
    {
        _graph.Input("input_features", "batch", 5, "frames");
        _graph.With(
            "Conv", "one", ["input_features", _graph.Weight("first", 6, 5, 3)], NodeAttribute.Ints("pads", 1, 1));
        _graph.Add(between, "active", "one");
        _graph.With(
            "Conv", "two", ["active", _graph.Weight("second", 6, 6, 3)],
            NodeAttribute.Ints("pads", 1, 1), NodeAttribute.Ints("strides", 2));
        _graph.Add("Erf", "again", "two");
        _graph.With("Transpose", "rows", ["again"], NodeAttribute.Ints("perm", 0, 2, 1));
    }

    private void Places(string rows, string sum) =>
        _graph.Add("Add", sum, rows, _graph.Weight("places", 4, 6));

    private void Encode(string rows)
    {
        _graph.With(
            "LayerNormalization", "normed", [rows, _graph.Weight("gamma", 6), _graph.Weight("beta", 6)]);
        _graph.Add("MatMul", "last_hidden_state", "normed", _graph.Weight("w", 6, 6));
        _graph.Output("last_hidden_state", "batch", "rows", 6);
    }

    private ClientCut Cut()
    {
        using var file = _graph.Save();
        return ClientCut.Find(file.Graph, shapesHaveEnds: true);
    }
}
