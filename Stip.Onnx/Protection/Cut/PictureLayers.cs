using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Takes the first layers of an exported encoder of pictures out of the server's graph: they become the end of
/// the client's graph, which makes rows of patches already.</summary>
internal static class PictureLayers
{
    /// <summary>Cuts after so many layers.</summary>
    /// <param name="manifest">What export says.</param>
    /// <param name="client">The client's graph; its names change where the server's has them too.</param>
    /// <param name="cloud">The server's.</param>
    /// <param name="layers">Layers of the client, at least 1.</param>
    /// <exception cref="RefusedException">The model has not more layers than that, or cannot be cut
    /// there.</exception>
    public static (GraphPart Client, GraphPart Cloud, ExportManifest Manifest) Split(
        ExportManifest manifest, GraphPart client, GraphPart cloud, int layers)
    {
        string[] sent = [.. client.Graph.Output.Select(output => output.Name)];
        TellApart(client.Graph, cloud.Graph, sent);
        var whole = cloud with { Model = Around(SplitNorms.Of(cloud.Graph), [cloud]) };
        var cut = ForeignLayers.Move(
            whole, new ClientCut(client.Graph, whole.Graph, sent, sent), [], layers);
        var first = client with { Model = Around(cut.Client!, [client, cloud]), SizedBy = client.Graph };
        var rest = cloud with { Model = Around(cut.Cloud, [cloud]) };
        var role = cloud.Role;
        return (Fitting(first, client, cloud), Fitting(rest, client, cloud), manifest with
        {
            ClientLayers = layers,
            Graphs = new Dictionary<string, GraphManifest>
            {
                [role] = manifest.Graphs[role] with
                {
                    Inputs = GraphSignature.Inputs(cut.Cloud),
                    Outputs = GraphSignature.Outputs(cut.Cloud),
                },
            },
            ClientGraphs = ClientGraphs.Describe(cut, role, client.FileName, [], uses: null),
        });
    }

    // What lies in two files may have the same names for different things.
    private static void TellApart(GraphProto client, GraphProto cloud, string[] sent)
    {
        var taken = cloud.Initializer.Select(tensor => tensor.Name).Concat(cloud.Node.SelectMany(node => node.Output))
            .ToHashSet(StringComparer.Ordinal);
        var names = client.Initializer.Select(tensor => tensor.Name).Concat(client.Node.SelectMany(node => node.Output))
            .Where(name => taken.Contains(name) && !sent.Contains(name)).Distinct(StringComparer.Ordinal)
            .ToDictionary(name => name, name => $"client/{name}", StringComparer.Ordinal);
        foreach (var node in client.Node)
        {
            SentNames.Rename(node, names);
        }

        foreach (var tensor in client.Initializer)
        {
            tensor.Name = names.GetValueOrDefault(tensor.Name, tensor.Name);
        }

        foreach (var value in client.ValueInfo)
        {
            value.Name = names.GetValueOrDefault(value.Name, value.Name);
        }
    }

    private static ModelProto Around(GraphProto graph, IReadOnlyList<GraphPart> parts)
    {
        var model = new ModelProto { IrVersion = parts.Max(part => part.Model.IrVersion), Graph = graph };
        model.OpsetImport.Add(parts.SelectMany(part => part.Model.OpsetImport).DistinctBy(set => set.Domain));
        model.Functions.Add(parts.SelectMany(part => UsedFunctions.Of(part.Model, graph)));
        return model;
    }

    private static GraphPart Fitting(GraphPart half, params IReadOnlyList<GraphPart> wholes)
    {
        var tensors = wholes.SelectMany(part => part.Tensors).ToDictionary(
            tensor => tensor.Proto, (IEqualityComparer<TensorProto>)ReferenceEqualityComparer.Instance);
        return half with
        {
            Tensors = [.. ModelFile.TensorsOf(half.Model).Select(entry => tensors[entry.Tensor].Named(entry.Name))],
        };
    }
}
