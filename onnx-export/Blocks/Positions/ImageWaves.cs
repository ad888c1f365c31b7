using Stip.Export.Blocks.Vision;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Positions;

/// <summary>Waves of the place of each pixel, rows and columns counted from one side of the image to the other as one
/// turn: half of the channels tell rows, the others columns (DETR, arXiv 2005.12872).</summary>
internal static class ImageWaves
{
    private const string Name = "places";
    private const double Base = 10000;

    // What keeps an image without pixels from dividing by nothing there, and is in every place therefore.
    private const double Least = 1e-6;

    /// <summary>Appends them.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="image">An image <c>[batch, channels, height, width]</c>.</param>
    /// <returns><c>[1, height · width, hidden]</c>.</returns>
    public static string Append(EncoderGraph encoder, string image)
    {
        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        var sides = Images.Sides(graph, $"{Name}.sides", image);
        var rows = graph.Add("Mul", $"{Name}.rows", [
            Turns(encoder, sides, "down", index: 0, 1, 2), Frequencies(encoder, "down", first: 0)]);
        var columns = graph.Add("Mul", $"{Name}.columns", [
            Turns(encoder, sides, "across", index: 1, 0, 2), Frequencies(encoder, "across", first: hidden / 2)]);
        var phases = encoder.SharedWeight($"{Name}.phases", () => encoder.Weights.Table(
            [hidden], [.. Enumerable.Range(0, hidden).Select(channel => channel % 2 * MathF.PI / 2)]));
        var waves = graph.Add("Sin", $"{Name}.waves", [graph.Add("Add", $"{Name}.angles", [
            graph.Add("Add", $"{Name}.both", [rows, columns]), phases])]);
        return graph.Add("Reshape", Name, [waves, graph.AddConstant($"{Name}.shape", 1, -1, hidden)]);
    }

    // The place of each row or column as part of a whole turn, with axes for the others.
    private static string Turns(EncoderGraph encoder, string sides, string way, int index, params long[] axes)
    {
        var graph = encoder.Graph;
        var length = graph.Add(
            "Cast",
            $"{Name}.{way}_length",
            [graph.Add("Gather", $"{Name}.{way}_side", [sides, graph.AddScalarConstant($"{Name}.{way}_index", index)])],
            NodeAttribute.Int("to", (long)TensorDtype.Float32.ToOnnx()));
        var one = Number(graph, "one", 1);
        var counted = graph.Add("Range", $"{Name}.{way}_counted", [
            one, graph.Add("Add", $"{Name}.{way}_end", [length, one]), one]);
        var share = graph.Add("Div", $"{Name}.{way}_share", [
            counted, graph.Add("Add", $"{Name}.{way}_whole", [length, Number(graph, "least", Least)])]);
        var turned = graph.Add("Mul", $"{Name}.{way}_turn", [share, Number(graph, "turn", 2 * Math.PI)]);
        var typed = graph.Add(
            "Cast", $"{Name}.{way}_typed", [turned], NodeAttribute.Int("to", (int)encoder.Weights.Dtype.ToOnnx()));
        return graph.Add("Unsqueeze", $"{Name}.{way}", [typed, graph.AddConstant($"{Name}.{way}_axes", axes)]);
    }

    private static string Number(GraphBuilder graph, string name, double value) => graph.Has($"{Name}.{name}")
        ? $"{Name}.{name}"
        : graph.AddConstant($"{Name}.{name}", TensorDtype.Float32, value);

    // Of half of the channels, 0 of the others.
    private static string Frequencies(EncoderGraph encoder, string way, int first)
    {
        var hidden = encoder.HiddenSize;
        var half = hidden / 2;
        var table = new float[hidden];
        for (var channel = 0; channel < half; channel++)
        {
            table[first + channel] = (float)(1 / Math.Pow(Base, 2.0 * (channel / 2) / half));
        }

        return encoder.SharedWeight($"{Name}.{way}_frequencies", () => encoder.Weights.Table([hidden], table));
    }
}
