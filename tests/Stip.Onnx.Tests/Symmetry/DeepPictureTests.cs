using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Pictures whose borders have reached everywhere, or that are large: a channel is one vector over all
/// places, whatever slides over them.</summary>
public sealed class DeepPictureTests : IDisposable
{
    private const int Channels = 8;

    private readonly SmallGraph _graph = new();

    public void Dispose() => _graph.Dispose();

    [Theory]
    [InlineData("MaxPool")]
    [InlineData("AveragePool")]
    [InlineData("LpPool")]
    [InlineData("LRN")]
    [InlineData("InstanceNormalization")]
    [InlineData("GroupNormalization")]
    [InlineData("BatchNormalization")]
    [InlineData("ConvTranspose")]
    [InlineData("grouped ConvTranspose")]
    [InlineData("computed Conv")]
    [InlineData("DepthToSpace")]
    [InlineData("DepthToSpace CRD")]
    [InlineData("SpaceToDepth")]
    [InlineData("pixels laid out")]
    [InlineData("GridSample")]
    [InlineData("Einsum")]
    [InlineData("Where")]
    [InlineData("Expand")]
    public void Operator_OnAPicture_PermutedAndPlain_Agree(string operation)
    {
        _graph.Opset = 20;
        _graph.Input("x", "batch", 3, 6, 6);
        var active = _graph.Add("Relu", "active", Conv("stem", "x", Channels, 3));
        var (made, channels, side) = Apply(operation, active);
        var sum = _graph.Add("Relu", "made_active", Conv("last", made, Channels, channels));
        var flat = _graph.Add("Reshape", "flat", sum, _graph.Numbers(0, Channels, side * side));
        var rows = _graph.With("Transpose", "rows", [flat], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "y", rows, _graph.Weight("w_y", Channels, 5));
        _graph.Output("y", "batch", side * side, 5);

        ProtocolLaw.AssertHolds(_graph);
    }

    // Down and up again as in a U-Net: each of its convolutions lets the border in by a place.
    [Fact]
    public void LargerPicture_ThroughAUNet_TakesNoMoreNodes() => Assert.Equal(Labels(128), Labels(256));

    [Fact]
    public void UNet_PermutedAndPlain_Agree()
    {
        Nested(8, depths: 3);

        ProtocolLaw.AssertHolds(_graph);
    }

    private static int Labels(int side)
    {
        using var test = new DeepPictureTests();
        test.Nested(side, depths: 12);
        using var file = test._graph.Save();
        return SymmetryAnalysis.Of(file).Graph.Store.Count;
    }

    private void Nested(int side, int depths)
    {
        _graph.Input("x", "batch", 3, side, side);
        var down = _graph.Add("Relu", "a0", Conv("c0", "x", Channels, 3));
        for (var depth = 1; depth < depths; depth++)
        {
            down = _graph.Add("Relu", $"a{depth}", Conv($"c{depth}", down, Channels, Channels));
        }

        var pooled = _graph.With(
            "MaxPool", "pooled", [down], NodeAttribute.Ints("kernel_shape", 2, 2), NodeAttribute.Ints("strides", 2, 2));
        var low = Conv("low", pooled, Channels, Channels);
        var up = _graph.With(
            "Resize",
            "up",
            [low, "", _graph.Floats(1, 1, 2, 2)],
            NodeAttribute.String("mode", "linear"));
        var both = _graph.With("Concat", "both", [up, down], NodeAttribute.Int("axis", 1));
        var mean = _graph.Add("GlobalAveragePool", "mean", Conv("last", both, Channels, 2 * Channels));
        _graph.Add(
            "MatMul", "y", _graph.Add("Reshape", "flat", mean, _graph.Numbers(0, Channels)),
            _graph.Weight("w_y", Channels, 5));
        _graph.Output("y", "batch", 5);
    }

    private (string Name, int Channels, int Side) Apply(string operation, string x) => operation switch
    {
        "MaxPool" or "AveragePool" or "LpPool" => (_graph.With(
            operation, "op", [x], NodeAttribute.Ints("kernel_shape", 3, 3), NodeAttribute.Ints("strides", 2, 2),
            NodeAttribute.Ints("pads", 1, 1, 1, 1)), Channels, 3),
        "LRN" => (_graph.With(operation, "op", [x], NodeAttribute.Int("size", 3)), Channels, 6),
        "InstanceNormalization" => (
            _graph.Add(operation, "op", x, _graph.Weight("g", Channels), _graph.Weight("b", Channels)), Channels, 6),
        "GroupNormalization" => (ByGroups(x), Channels, 6),
        "BatchNormalization" => (_graph.Add(operation, "op", [
            x, .. Enumerable.Range(0, 3).Select(i => _graph.Weight($"n{i}", Channels)),
            _graph.Add("Exp", "variance", _graph.Weight("v", Channels))]), Channels, 6),
        "ConvTranspose" => (_graph.With(
            operation, "op", [x, _graph.Weight("k", Channels, 6, 2, 2), _graph.Weight("kb", 6)],
            NodeAttribute.Ints("strides", 2, 2)), 6, 12),
        "grouped ConvTranspose" => (_graph.With(
            "ConvTranspose", "op", [x, _graph.Weight("k", Channels, 3, 3, 3)],
            NodeAttribute.Ints("pads", 1, 1, 1, 1), NodeAttribute.Int("group", 2)), 6, 6),
        "computed Conv" => (_graph.Add(
            "Conv", "op", x, _graph.Add("Tanh", "kernel", _graph.Weight("k", 6, Channels, 3, 3))), 6, 4),
        "DepthToSpace" => (_graph.With(operation, "op", [x], NodeAttribute.Int("blocksize", 2)), Channels / 4, 12),
        "DepthToSpace CRD" => (_graph.With(
            "DepthToSpace", "op", [x], NodeAttribute.Int("blocksize", 2), NodeAttribute.String("mode", "CRD")),
            Channels / 4, 12),
        "SpaceToDepth" => (_graph.With(operation, "op", [x], NodeAttribute.Int("blocksize", 2)), 4 * Channels, 3),
        "pixels laid out" => (LaidOut(x), Channels / 4, 12),
        "GridSample" => (_graph.Add(operation, "op", x, Points(x)), Channels, 6),
        "Einsum" => (_graph.With(
            operation, "op", [_graph.Weight("q", 5, Channels), x], NodeAttribute.String("equation", "qc,bchw->bqhw")),
            5, 6),
        "Where" => (_graph.Add(
            operation, "op", _graph.Add("Greater", "is", x, _graph.Number(0.1f)), x, _graph.Number(0)), Channels, 6),
        _ => (_graph.Add("Add", "op", x, _graph.Add(
            "Expand",
            "wide",
            _graph.Add("GlobalMaxPool", "most", x),
            _graph.Numbers(1, Channels, 6, 6))), Channels, 6),
    };

    // As PyTorch writes it before opset 18.
    private string ByGroups(string x)
    {
        var apart = _graph.Add("Reshape", "groups", x, _graph.Numbers(0, 2, -1));
        var normed = _graph.Add("InstanceNormalization", "normed", apart, _graph.Floats(1, 1), _graph.Floats(0, 0));
        return _graph.Add(
            "Mul", "op", _graph.Add("Reshape", "together", normed, _graph.Numbers(-1, Channels, 6, 6)),
            _graph.Weight("g", Channels, 1, 1));
    }

    // A pixel shuffle by reshapes.
    private string LaidOut(string x)
    {
        var apart = _graph.Add("Reshape", "apart", x, _graph.Numbers(-1, Channels / 4, 2, 2, 6, 6));
        var turned = _graph.With("Transpose", "turned", [apart], NodeAttribute.Ints("perm", 0, 1, 4, 2, 5, 3));
        return _graph.Add("Reshape", "op", turned, _graph.Numbers(-1, Channels / 4, 12, 12));
    }

    private string Points(string x)
    {
        var offsets = _graph.Add("Tanh", "offsets", Conv("points", x, 2, Channels));
        return _graph.With("Transpose", "grid", [offsets], NodeAttribute.Ints("perm", 0, 2, 3, 1));
    }

    private string Conv(string name, string x, int made, int taken) => _graph.With(
        "Conv",
        name,
        [x, _graph.Weight($"w_{name}", made, taken, 3, 3), _graph.Weight($"b_{name}", made)],
        NodeAttribute.Ints("pads", 1, 1, 1, 1));
}
