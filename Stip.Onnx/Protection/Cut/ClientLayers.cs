using Stip.Keys.Bundles;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// Takes the first layers of an exported decoder or encoder out of the server's graph: they become a graph of the
/// client, with a decoder's cache of its own, between its tables and what it sends (paper, figure 9).
/// </summary>
internal static class ClientLayers
{
    /// <summary>The client's graph.</summary>
    public const string File = "layers.onnx";

    /// <summary>Its input of token rows; what it gives is the server's <c>inputs_embeds</c>.</summary>
    public const string Rows = "token_rows";

    /// <summary>How many layers a client's graph of a decoder has: 0 where it is none of these.</summary>
    public static int Count(ClientGraphManifest? graph) => graph is null ? 0
        : graph.Inputs.Count(input => input.Name.StartsWith("past_key_values.", StringComparison.Ordinal)) / 2;

    /// <summary>Cuts after so many layers.</summary>
    /// <param name="manifest">What export says.</param>
    /// <param name="part">The decoder or encoder.</param>
    /// <param name="layers">Layers of the client, at least 1.</param>
    /// <returns>The client's graph, the server's, and what export would say of them.</returns>
    /// <exception cref="RefusedException">The model has not more layers than that, or cannot be cut
    /// there.</exception>
    public static (GraphPart Client, GraphPart Cloud, ExportManifest Manifest) Split(
        ExportManifest manifest, GraphPart part, int layers)
    {
        var (role, whole) = (part.Role, manifest.Graphs[part.Role]);
        var cache = role != GraphRoles.Decoder || whole.Cache?.Layout == CacheLayouts.Shared ? whole.Cache : null;
        var count = role == GraphRoles.Decoder ? cache?.Layers ?? 0 : LayerCut.LayersOf(part.Graph);
        if (layers >= count)
        {
            throw new RefusedException(
                $"{layers} client layers are too many: the {role} has {count}, and at least one is the server's");
        }

        var cut = LayerCut.After(part, layers);
        var client = part with
        {
            IsClient = true,
            FileName = File,
            Model = Around(part, cut.Client),
            SizedBy = part.Graph,
            TakesFeatures = true,
        };
        var cloud = part with { Model = Around(part, cut.Cloud), SizedBy = part.Graph };
        return (Fitting(client, part), Fitting(cloud, part), manifest with
        {
            WireDtype = role == GraphRoles.Decoder ? manifest.Dtype : manifest.WireDtype,
            ClientLayers = role == GraphRoles.Decoder ? null : layers,
            Graphs = new Dictionary<string, GraphManifest>
            {
                [role] = whole with
                {
                    File = part.FileName,
                    Inputs = GraphSignature.Inputs(cut.Cloud),
                    Outputs = GraphSignature.Outputs(cut.Cloud),
                    Cache = cache is null ? null : cache with
                    {
                        Layers = cache.Layers - layers,
                        BoundedWindows = cache.BoundedWindows?.Skip(layers).ToArray(),
                    },
                },
            },
            ClientGraphs = new Dictionary<string, ClientGraphManifest>
            {
                [role] = new(
                    File,
                    [.. GraphSignature.Inputs(cut.Client).Select(Port)],
                    [.. GraphSignature.Outputs(cut.Client).Select(Port)]),
            },
        });
    }

    private static ModelProto Around(GraphPart part, GraphProto graph)
    {
        var model = new ModelProto { IrVersion = part.Model.IrVersion, Graph = graph };
        model.OpsetImport.Add(part.Model.OpsetImport);
        model.Functions.Add(UsedFunctions.Of(part.Model, graph));
        return model;
    }

    private static GraphPart Fitting(GraphPart half, GraphPart whole)
    {
        var tensors = whole.Tensors.ToDictionary(
            tensor => tensor.Proto, (IEqualityComparer<TensorProto>)ReferenceEqualityComparer.Instance);
        return half with
        {
            Tensors = [.. ModelFile.TensorsOf(half.Model).Select(entry => tensors[entry.Tensor].Named(entry.Name))],
        };
    }

    private static ClientTensorManifest Port(TensorManifest port) => new(port.Name, port.Dtype, port.Shape);
}
