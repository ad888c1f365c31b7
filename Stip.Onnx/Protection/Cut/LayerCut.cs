using System.Globalization;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Blocks;

namespace Stip.Onnx.Protection.Cut;

/// <summary>A decoder or encoder of export in two graphs, cut where a layer begins.</summary>
/// <param name="Client">Token rows in, the stream after the first layers out.</param>
/// <param name="Cloud">The stream in, logits out; its layers count from 0 again.</param>
internal sealed record LayerCut(GraphProto Client, GraphProto Cloud)
{
    private const string Skip = "Skip";

    /// <summary>How many layers the nodes of a graph of export are of.</summary>
    public static int LayersOf(GraphProto graph) => graph.Node.Select(node => node.Name.Split('.'))
        .Select(parts => parts is ["layers", var layer, _, ..]
            && int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number + 1 : 0)
        .DefaultIfEmpty(0).Max();

    /// <summary>Cuts after so many layers.</summary>
    /// <exception cref="RefusedException">More than the residual stream leads across.</exception>
    public static LayerCut After(GraphPart part, int layers)
    {
        var graph = part.Graph;
        var place = graph.Node.ToList().FindIndex(
            node => node.Name.StartsWith($"layers.{layers}.", StringComparison.Ordinal));
        var flow = new ValueFlow(part, [DecoderPorts.Embeds]);
        string[] across = place < 0 ? [] : [.. flow.FeaturesAcross(place)];
        List<NodeProto> before = [.. graph.Node.Take(Math.Max(place, 0))];
        List<NodeProto> after = [.. graph.Node.Skip(before.Count)];

        // What is made of lengths and positions alone is needed on both sides.
        List<NodeProto> shared = [.. before.Where(node => !node.Output.Any(flow.IsFeature))];
        var stream = across is [var only] ? only : across is [var left, var right] ? Joined(left, right) : null;
        return stream is not null
            ? new LayerCut(
                ClientPart(graph, before, stream, layers), CloudPart(graph, [.. shared, .. after], stream, layers))
            : throw new RefusedException(
                $"the {part.Role} cannot be cut after {layers} layers: {across.Length} values lead across");

        // What two layers leave to be added by the norm after them is added before it.
        string? Joined(string one, string other)
        {
            var (readers, sum) = (after.Where(node => OuterReads.Of(node).Any(across.Contains)).ToArray(),
                $"layers.{layers}.stream");
            if (readers is not [var reader] || !reader.Input.Take(2).Order(StringComparer.Ordinal).SequenceEqual(
                new[] { one, other }.Order(StringComparer.Ordinal)))
            {
                return null;
            }

            if (reader is { OpType: "Add" })
            {
                before.Add(reader);
                after.Remove(reader);
                return reader.Output[0];
            }

            if (!reader.OpType.StartsWith(Skip, StringComparison.Ordinal) || reader.Input.Count > 4)
            {
                return null;
            }

            before.Add(new NodeProto { Name = sum, OpType = "Add", Input = { one, other }, Output = { sum } });
            after[after.IndexOf(reader)] = Norm(reader, sum);
            var total = reader.Output.ElementAtOrDefault(3) ?? "";
            after = [.. after.Select(node => Renamed(node, new() { [total.Length > 0 ? total : sum] = sum }))];
            return sum;
        }
    }

    private static NodeProto Norm(NodeProto skip, string sum)
    {
        var norm = new NodeProto { Name = skip.Name, OpType = skip.OpType[Skip.Length..], Output = { skip.Output[0] } };
        norm.Input.Add([sum, .. skip.Input.Skip(2)]);
        norm.Attribute.Add(skip.Attribute);
        norm.Attribute.Add(NodeAttribute.Int("axis", -1));
        return norm;
    }

    private static GraphProto ClientPart(GraphProto graph, List<NodeProto> before, string stream, int layers)
    {
        var names = new Dictionary<string, string>
        {
            [DecoderPorts.Embeds] = ClientLayers.Rows,
            [stream] = DecoderPorts.Embeds,
        };
        var rows = graph.Input.Single(input => input.Name == DecoderPorts.Embeds).Type;
        ValueInfoProto[] outputs =
        [
            new ValueInfoProto { Name = DecoderPorts.Embeds, Type = rows },
            .. graph.Output.Where(output => LayerOf(output.Name) < layers),
        ];
        return Part(graph, before.Select(node => Unbounded(Renamed(node, names))), outputs, input => input.Name switch
        {
            DecoderPorts.Embeds => new ValueInfoProto { Name = ClientLayers.Rows, Type = rows },
            _ => LayerOf(input.Name) is null || LayerOf(input.Name) < layers ? input : null,
        });
    }

    private static GraphProto CloudPart(GraphProto graph, List<NodeProto> nodes, string stream, int layers)
    {
        var names = graph.Input.Concat(graph.Output).Where(port => LayerOf(port.Name) >= layers)
            .ToDictionary(port => port.Name, port => Shifted(port.Name, layers), StringComparer.Ordinal);
        names[stream] = DecoderPorts.Embeds;
        ValueInfoProto[] outputs = [.. graph.Output.Where(output => LayerOf(output.Name) is not { } layer
            || layer >= layers).Select(Named)];
        return Part(
            graph,
            nodes.Select(node => Renamed(node, names)),
            outputs,
            input => LayerOf(input.Name) is null || LayerOf(input.Name) >= layers ? Named(input) : null);

        ValueInfoProto Named(ValueInfoProto port) => names.TryGetValue(port.Name, out var name)
            ? new ValueInfoProto { Name = name, Type = port.Type }
            : port;
    }

    private static GraphProto Part(
        GraphProto graph,
        IEnumerable<NodeProto> nodes,
        ValueInfoProto[] outputs,
        Func<ValueInfoProto, ValueInfoProto?> inputOf)
    {
        var changed = new GraphProto { Name = graph.Name };
        changed.Initializer.Add(graph.Initializer);
        changed.Node.Add(nodes);
        var pruner = new GraphPruner(changed);
        ValueInfoProto[] inputs = [.. graph.Input.Select(inputOf).OfType<ValueInfoProto>()];
        var (needed, _) = pruner.Needed(
            [.. inputs.Select(input => input.Name)], outputs.Select(output => output.Name));
        return pruner.Take(graph.Name, [.. inputs.Where(input => needed.Contains(input.Name))], outputs);
    }

    // A client has few sessions, and rewinds them for nothing.
    private static NodeProto Unbounded(NodeProto node)
    {
        if (node.Attribute.All(attribute => attribute.Name != BoundedCaches.Attribute))
        {
            return node;
        }

        var changed = node.Clone();
        changed.Attribute.Remove(changed.Attribute.First(attribute => attribute.Name == BoundedCaches.Attribute));
        return changed;
    }

    private static NodeProto Renamed(NodeProto node, Dictionary<string, string> names)
    {
        if (!OuterReads.Of(node).Concat(node.Output).Any(names.ContainsKey))
        {
            return node;
        }

        var renamed = node.Clone();
        SentNames.Rename(renamed, names);
        return renamed;
    }

    // past_key_values.3.key, present.3.value
    private static int? LayerOf(string name) => name.Split('.') is ["past_key_values" or "present", var layer, _]
        && int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Shifted(string name, int layers)
    {
        var parts = name.Split('.');
        return $"{parts[0]}.{(LayerOf(name)!.Value - layers).ToString(CultureInfo.InvariantCulture)}.{parts[2]}";
    }
}
