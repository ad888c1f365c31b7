using Stip.Onnx.Model;
using Stip.Onnx.Protection.Blocks;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Moves the first layers of a graph of another exporter, with their caches, from the server to the client:
/// what the client sends is then what they give.</summary>
internal static class ForeignLayers
{
    /// <summary>Cuts after so many layers.</summary>
    /// <param name="part">The server's graph so far.</param>
    /// <param name="cut">What the client computes so far.</param>
    /// <param name="caches">All caches of the graph.</param>
    /// <param name="layers">Layers of the client, at least 1.</param>
    /// <exception cref="RefusedException">There are not more layers than that, or more than one value leads across.
    /// </exception>
    public static ClientCut Move(
        GraphPart part, ClientCut cut, IReadOnlyList<CacheTensorManifest> caches, int layers)
    {
        if (cut.Client is null && cut.Features.Count == 0)
        {
            throw new RefusedException(
                $"{layers} client layers of '{part.FileName}': it takes rows where others take ids, and whoever runs "
                + "its first layers needs the tables too; give a graph that begins at ids");
        }

        if (cut.Client is not { } client || cut.Features is not [var rows])
        {
            throw new RefusedException(
                $"{layers} client layers of '{part.FileName}': its client sends {cut.Features.Count} kinds of rows; "
                + "only of a graph that turns ids or pictures into one can layers move");
        }

        var flow = new ValueFlow(part, cut.Features);
        var found = new RepeatedLayers(part, flow, rows);
        var others = new LayersByCaches(part, flow, rows, caches);
        var count = Math.Max(found.Count, others.Count);
        if (layers < 1 || layers >= count)
        {
            throw new RefusedException(
                $"{layers} client layers of '{part.FileName}': {count} layers of one form, or with caches, were found "
                + "after one another, and at least one is the server's");
        }

        var place = others.Count > found.Count ? others.PlaceAfter(layers) : found.PlaceAfter(layers);

        // What is sent from here on has as many rows as what was sent before, so its shape tells the same.
        string[] across = [.. flow.FeaturesAcross(place)
            .Where(name => name != rows || RepeatedLayers.LastReadOf(part, rows) >= place)];
        if (across is not [var stream])
        {
            throw new RefusedException($"'{part.FileName}' cannot be cut after {layers} layers: {across.Length} values "
                + "lead across");
        }

        var port = new ValueTypes(part.Graph).Describe(stream, rows);
        var kept = new LayerCaches(part, caches, place);
        var cloud = CloudPart(part.Graph, flow, kept, place, stream, port, layers);
        RefuseLengthsOfOthers(part, cloud, port, layers);
        var first = ClientPart(client, part.Graph, kept, place, stream, port, cloud);
        kept.RefuseOthers(first, cloud);
        return new ClientCut(
            first, cloud,
            [.. cut.Sent.Where(name => cloud.Input.Any(input => input.Name == name))], [rows])
        {
            Open = [.. cut.Open.Where(name => cloud.Input.Any(input => input.Name == name))],
        };
    }

    // A map of features is no list of rows, and rows of a table may be narrower than what the layers make of them.
    private static void RefuseLengthsOfOthers(GraphPart part, GraphProto cloud, ValueInfoProto port, int layers)
    {
        if (cloud.Node.FirstOrDefault(node => node.OpType is "Shape" or "Size" && node.Input.Contains(port.Name)
            && !(port.Type.TensorType.Shape is { Dim.Count: 3 } && FirstAxes.AreAllThatIsRead(cloud, node)))
            is not { } reader)
        {
            return;
        }

        var before = part.Graph.Input.FirstOrDefault(input => input.Name == port.Name)?.Type.TensorType.Shape?.Dim;
        var after = port.Type.TensorType.Shape?.Dim;
        var isSame = after is null ? before is null or { Count: 3 }
            : before is null || (before.Count == after.Count
                && (before.Count == 0 || before[^1].DimValue == 0 || after[^1].DimValue == 0
                    || before[^1].DimValue == after[^1].DimValue));
        if (!isSame)
        {
            throw new RefusedException($"'{part.FileName}' cannot be cut after {layers} layers: node '{reader.Name}' "
                + $"({reader.OpType}) of the server's part reads lengths of '{port.Name}', which has other ones then");
        }
    }

    // What is made of masks and positions alone is needed on both sides.
    private static GraphProto CloudPart(
        GraphProto graph,
        ValueFlow flow,
        LayerCaches caches,
        int place,
        string stream,
        ValueInfoProto port,
        int layers)
    {
        ValueInfoProto[] outputs = [.. graph.Output.Where(output =>
            caches.Client.All(cache => cache.Present != output.Name))];
        var names = new Dictionary<string, string> { [stream] = port.Name };
        var changed = Around(
            graph,
            caches.Own(graph.Node.Where((node, i) => i >= place || !node.Output.Any(flow.IsFeature)), isClient: false),
            names);
        var pruner = new GraphPruner(changed);
        var (needed, _) = pruner.Needed([port.Name], outputs.Select(output => output.Name));
        var made = changed.Node.SelectMany(node => node.Output).ToHashSet(StringComparer.Ordinal);
        if (graph.Node.Take(place).SelectMany(node => node.Output).FirstOrDefault(name =>
            name != stream && flow.IsFeature(name) && needed.Contains(name) && !made.Contains(name)) is { } missing)
        {
            throw new RefusedException($"the graph cannot be cut after {layers} layers: the server would need "
                + $"'{missing}' of the layers before");
        }

        return pruner.Take(
            graph.Name,
            [port, .. graph.Input.Where(input => input.Name != port.Name && needed.Contains(input.Name))],
            outputs);
    }

    private static GraphProto ClientPart(
        GraphProto client,
        GraphProto graph,
        LayerCaches caches,
        int place,
        string stream,
        ValueInfoProto port,
        GraphProto cloud)
    {
        // Rows of tables keep a name of their own; what they become is what is sent.
        var names = new Dictionary<string, string> { [port.Name] = ClientLayers.Rows, [stream] = port.Name };
        var joined = Around(client, client.Node, names);
        var layers = Around(graph, caches.Own(graph.Node.Take(place), isClient: true), names);

        // Lengths are read off ids here and off rows there: the client has its own of what both compute.
        var made = joined.Node.SelectMany(node => node.Output).ToHashSet(StringComparer.Ordinal);
        joined.Node.Add(layers.Node.Where(node => !node.Output.Any(made.Contains)));
        joined.Initializer.Add(layers.Initializer.Where(tensor =>
            joined.Initializer.All(own => own.Name != tensor.Name)));
        joined.ValueInfo.Add(layers.ValueInfo);
        ValueInfoProto[] outputs =
        [
            .. client.Output.Where(output => output.Name != port.Name
                && cloud.Input.Any(input => input.Name == output.Name)),
            port,
            .. graph.Output.Where(output => caches.Client.Any(cache => cache.Present == output.Name)),
        ];
        var pruner = new GraphPruner(joined);
        var (needed, _) = pruner.Needed([], outputs.Select(output => output.Name));
        ValueInfoProto[] inputs = [.. client.Input
            .Concat(graph.Input.Where(input => client.Output.All(output => output.Name != input.Name)))
            .DistinctBy(input => input.Name).Where(input => needed.Contains(input.Name))];
        return pruner.Take(client.Name, inputs, outputs);
    }

    private static GraphProto Around(GraphProto graph, IEnumerable<NodeProto> nodes, Dictionary<string, string> names)
    {
        var changed = new GraphProto { Name = graph.Name };
        changed.Initializer.Add(graph.Initializer);
        changed.ValueInfo.Add(graph.ValueInfo.Where(value => !names.ContainsKey(value.Name)));
        foreach (var node in nodes)
        {
            if (!OuterReads.Of(node).Concat(node.Output).Any(names.ContainsKey))
            {
                changed.Node.Add(node);
                continue;
            }

            var renamed = node.Clone();
            ShareTensors(node, renamed);
            SentNames.Rename(renamed, names);
            changed.Node.Add(renamed);
        }

        return changed;
    }

    // Where the bytes of a tensor lie is known of the tensor itself, not of a copy.
    private static void ShareTensors(NodeProto from, NodeProto to)
    {
        foreach (var (attribute, copy) in from.Attribute.Zip(to.Attribute).Where(pair => pair.First.T is not null))
        {
            copy.T = attribute.T;
        }

        foreach (var (inner, copy) in OuterReads.Subgraphs(from).Zip(OuterReads.Subgraphs(to)))
        {
            copy.Initializer.Clear();
            copy.Initializer.Add(inner.Initializer);
            foreach (var (node, made) in inner.Node.Zip(copy.Node))
            {
                ShareTensors(node, made);
            }
        }
    }
}
