using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Tables;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Ports;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Cut;

/// <summary>What manifests say of the client's part of a graph of another exporter, so that a client can run it: files,
/// ports, names that are not the usual ones, caches of its layers.</summary>
internal static class ClientGraphs
{
    /// <param name="cut">The graph in two.</param>
    /// <param name="role">What it is in the model.</param>
    /// <param name="file">The file of the client's half.</param>
    /// <param name="caches">Caches of the client's layers.</param>
    /// <param name="uses">What masks and positions among its inputs are; null where ports have the usual names.</param>
    /// <returns>Null where the client has no graph.</returns>
    public static IReadOnlyDictionary<string, ClientGraphManifest>? Describe(
        ClientCut cut, string role, string file, IReadOnlyList<CacheTensorManifest> caches, PortUses? uses) =>
        cut.Client is not { } graph ? null : new Dictionary<string, ClientGraphManifest>
        {
            [role] = new(
                file,
                [.. GraphSignature.Inputs(graph).Select(Port)],
                [.. GraphSignature.Outputs(graph).Select(Port)])
            {
                Ports = uses is null ? null : Unusual(cut, graph, uses),
                Caches = Growing(graph, caches) is { Count: > 0 } growing ? growing : null,
            },
        };

    /// <summary>What clients say of a graph that they refuse; null where they run it.</summary>
    /// <param name="graph">The client's, of a model of texts that has no tables.</param>
    public static string? Refusal(ClientGraphManifest graph)
    {
        string[] known = [LookupTerms.Ids, EncoderPorts.Mask, LookupTerms.PositionIds, LookupTerms.TypeIds];
        var taken = known.Select(graph.NameOf).Concat((graph.Caches ?? []).Select(cache => cache.Past)).ToHashSet();
        var given = (graph.Caches ?? []).Select(cache => cache.Present).Append(graph.NameOf(DecoderPorts.Embeds))
            .ToHashSet();
        return graph.Inputs.FirstOrDefault(input => !taken.Contains(input.Name)) is { } input
            ? $"they cannot fill '{input.Name}' of {graph.File}, which is none of ids, mask, positions, types and "
                + "caches that grow"
            : graph.Outputs.FirstOrDefault(output => !given.Contains(output.Name)) is { } output
            ? $"{graph.File} gives '{output.Name}' beside the rows, which no server takes"
            : null;
    }

    // A cache that keeps a window does not grow, and cannot be cut back.
    private static List<ClientCacheManifest> Growing(GraphProto graph, IReadOnlyList<CacheTensorManifest> caches)
    {
        var windows = KnownAxes.Windows(graph);
        var bound = graph.Input.Where(input => input.Type?.TensorType?.Shape?.Dim
            .Any(axis => windows.ContainsKey(axis.DimParam)) == true).Select(input => input.Name).ToHashSet();
        return [.. caches.Where(cache => !bound.Contains(cache.Past))
            .Select(cache => new ClientCacheManifest(cache.Past, cache.Present, cache.Axes))];
    }

    private static Dictionary<string, string>? Unusual(ClientCut cut, GraphProto client, PortUses uses)
    {
        var names = new Dictionary<string, string>(
            TokenNames.Of(client, uses) ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        if (client.Input.Where(input => !ElementTypes.AreQuantities(input) && uses[input.Name] == PortUse.Mask)
            .Select(input => input.Name).ToArray() is [var mask])
        {
            names[EncoderPorts.Mask] = mask;
        }

        if (cut.Features is [var rows])
        {
            names[DecoderPorts.Embeds] = rows;
        }

        foreach (var usual in names.Where(name => name.Key == name.Value).Select(name => name.Key).ToArray())
        {
            names.Remove(usual);
        }

        return names.Count > 0 ? names : null;
    }

    private static ClientTensorManifest Port(TensorManifest port) => new(port.Name, port.Dtype, port.Shape);
}
