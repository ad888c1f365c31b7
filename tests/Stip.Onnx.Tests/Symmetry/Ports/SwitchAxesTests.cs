using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Ports;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Symmetry.Ports;

/// <summary>Masks of graphs whose lengths are fixed: over words, sounds and pictures, or over features.</summary>
public sealed class SwitchAxesTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    // Axes of 0 are free; the kernel is that of the convolution which reads the input.
    [Theory]
    [InlineData(TensorDtype.Float32, new[] { 0, 80, 3000 }, new long[] { 8, 80, 3 }, new[] { 0, 3000 })]
    [InlineData(TensorDtype.Float32, new[] { 0, 1, 16000 }, new long[] { 8, 1, 7 }, new[] { 0, 16000 })]
    [InlineData(TensorDtype.Float32, new[] { 1, 3, 800, 1066 }, new long[] { 8, 3, 16, 16 }, new[] { 1, 800, 1066 })]
    [InlineData(TensorDtype.Float32, new[] { 1, 3, 800, 1056 }, new long[] { 8, 3, 16, 16 }, new[] { 1, 3300 })]
    [InlineData(TensorDtype.Float32, new[] { 0, 16, 3, 224, 224 }, new long[0], new[] { 0, 1568 })]
    [InlineData(TensorDtype.Float32, new[] { 0, 3, 16, 224, 320 }, new long[] { 8, 3, 2, 16, 16 }, new[] { 0, 2240 })]
    [InlineData(TensorDtype.Int64, new[] { 0, 4, 0 }, new long[0], new[] { 0, 4, 0 })]
    [InlineData(TensorDtype.Int64, new[] { 1, 4, 64 }, new long[0], new[] { 1, 4, 64 })]
    public void Mask_OverPlaces_IsNoSwitch(TensorDtype type, int[] input, long[] kernel, int[] mask) =>
        Assert.False(IsSwitch(type, input, kernel, mask));

    [Theory]
    [InlineData(TensorDtype.Float32, new[] { 0, 80, 3000 }, new long[] { 8, 80, 3 }, new[] { 0, 80 })]
    [InlineData(TensorDtype.Float32, new[] { 0, 80, 3000 }, new long[] { 80, 1, 3 }, new[] { 0, 80 })]
    [InlineData(TensorDtype.Float32, new[] { 0, 3, 224, 224 }, new long[] { 8, 3, 16, 16 }, new[] { 12 })]
    [InlineData(TensorDtype.Float32, new[] { 0, 3, 224, 224 }, new long[] { 8, 3, 16, 16 }, new[] { 16 })]
    [InlineData(TensorDtype.Float32, new[] { 0, 4, 0, 12 }, new long[0], new[] { 4 })]
    [InlineData(TensorDtype.Float32, new[] { 0, 0, 12 }, new long[0], new[] { 0, 12 })]
    [InlineData(TensorDtype.Int64, new[] { 0, 4, 0 }, new long[0], new[] { 0, 4, 0, 0 })]
    public void Mask_OverFeatures_IsASwitch(TensorDtype type, int[] input, long[] kernel, int[] mask) =>
        Assert.True(IsSwitch(type, input, kernel, mask));

    public void Dispose() => _graph.Dispose();

    private bool IsSwitch(TensorDtype type, int[] input, long[] kernel, int[] mask)
    {
        _graph.Graph.AddInput("x", type, Axes(input));
        _graph.Graph.AddInput("attention_mask", TensorDtype.Int64, Axes(mask));
        if (kernel.Length > 0)
        {
            _graph.With(
                "Conv", "h", ["x", _graph.Weight("kernel", kernel)],
                NodeAttribute.Int("group", kernel[1] == 1 ? kernel[0] : 1));
        }

        var graph = _graph.Graph.Graph;
        return new SwitchAxes(graph, new PortUses(graph)).Has(
            graph.Input.Single(port => port.Name == "attention_mask"));
    }

    private static Axis[] Axes(int[] lengths) =>
        [.. lengths.Select((length, place) => length == 0 ? (Axis)$"axis_{place}" : length)];
}
