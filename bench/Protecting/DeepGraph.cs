using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Protocol;
using Stip.Protocol.Packages;

namespace Stip.Bench.Protecting;

/// <summary>
/// A folder of export with many layers of which the disk holds two: further ones are the second once more, under names
/// of their own and over the same bytes. Only for what never reads weights, as the search for permutations.
/// </summary>
internal sealed partial class DeepGraph
{
    private readonly string _folder;
    private readonly ExportManifest _manifest;
    private readonly ModelProto _model;

    /// <param name="folder">A folder of export, a decoder of two layers, which gets others.</param>
    public DeepGraph(string folder)
    {
        (_folder, _manifest) = (folder, ExportFolder.ReadManifest(folder));
        _model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(folder, Decoder.File)));
    }

    private GraphManifest Decoder => _manifest.Graphs["decoder"];

    /// <summary>Makes it one of so many layers, at least two.</summary>
    public void Write(int layers)
    {
        var model = _model.Clone();
        Deepen(model.Graph, layers);
        File.WriteAllBytes(Path.Combine(_folder, Decoder.File), model.ToByteArray());
        var deep = _manifest with
        {
            Graphs = new Dictionary<string, GraphManifest>
            {
                ["decoder"] = Decoder with
                {
                    Inputs = [.. Repeated(Decoder.Inputs, layers, port => port.Name, Named)],
                    Outputs = [.. Repeated(Decoder.Outputs, layers, port => port.Name, Named)],
                    Cache = Decoder.Cache! with { Layers = layers },
                },
            },
        };
        File.WriteAllText(
            Path.Combine(_folder, ExportManifest.FileName), JsonSerializer.Serialize(deep, StipJson.File));
    }

    private static void Deepen(GraphProto graph, int layers)
    {
        var nodes = Repeated(graph.Node, layers, node => node.Name, (node, name) => Renamed(node, name)).ToArray();
        var weights = Repeated(graph.Initializer, layers, tensor => tensor.Name, Named).ToArray();
        var inputs = Repeated(graph.Input, layers, port => port.Name, Named).ToArray();
        var outputs = Repeated(graph.Output, layers, port => port.Name, Named).ToArray();
        graph.Node.Clear();
        graph.Node.Add(nodes.Select(node => LayerOf(node.Name) is null ? Shifted(node, layers - 2) : node));
        graph.Initializer.Clear();
        graph.Initializer.Add(weights);
        graph.Input.Clear();
        graph.Input.Add(inputs);
        graph.Output.Clear();
        graph.Output.Add(outputs);
        graph.ValueInfo.Clear();

        static NodeProto Renamed(NodeProto node, string name) =>
            Shifted(node, LayerOf(name)!.Value - LayerOf(node.Name)!.Value);
    }

    // What follows the last layer reads it, wherever it is; what comes before the first reads none.
    private static NodeProto Shifted(NodeProto node, int by)
    {
        var shifted = node.Clone();
        shifted.Name = Moved(node.Name, by);
        for (var i = 0; i < node.Input.Count; i++)
        {
            shifted.Input[i] = Moved(node.Input[i], by);
        }

        for (var i = 0; i < node.Output.Count; i++)
        {
            shifted.Output[i] = Moved(node.Output[i], by);
        }

        return shifted;
    }

    // Everything once, and what belongs to the second layer as often as there are further layers.
    private static IEnumerable<T> Repeated<T>(
        IEnumerable<T> all, int layers, Func<T, string> nameOf, Func<T, string, T> named)
    {
        T[] items = [.. all];
        var last = Array.FindLastIndex(items, item => LayerOf(nameOf(item)) == 1);
        T[] second = [.. items.Where(item => LayerOf(nameOf(item)) == 1)];
        for (var i = 0; i < items.Length; i++)
        {
            yield return items[i];
            for (var layer = 2; i == last && layer < layers; layer++)
            {
                foreach (var item in second)
                {
                    yield return named(item, Moved(nameOf(item), layer - 1));
                }
            }
        }
    }

    private static TensorProto Named(TensorProto tensor, string name)
    {
        var copy = tensor.Clone();
        copy.Name = name;
        return copy;
    }

    private static TensorManifest Named(TensorManifest port, string name) => port with { Name = name };

    private static ValueInfoProto Named(ValueInfoProto port, string name) => new() { Name = name, Type = port.Type };

    private static int? LayerOf(string name) =>
        Layer().Match(name) is { Success: true } match
            ? int.Parse(match.ValueSpan, CultureInfo.InvariantCulture)
            : null;

    private static string Moved(string name, int by) => LayerOf(name) is { } layer
        ? Layer().Replace(name, (layer + by).ToString(CultureInfo.InvariantCulture), 1)
        : name;

    [GeneratedRegex(@"(?<=^(layers|past_key_values|present)\.)\d+(?=\.)")]
    private static partial Regex Layer();
}
