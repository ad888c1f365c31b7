using Stip.Onnx.Model;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Cut;

/// <summary>The caches of a graph whose first layers move: those of the client and those of the server.</summary>
internal sealed class LayerCaches
{
    private readonly string _file;
    private readonly CacheTensorManifest[] _server;
    private readonly Dictionary<string, ValueInfoProto> _inputs;

    /// <param name="part">The graph.</param>
    /// <param name="caches">All its caches.</param>
    /// <param name="place">The node with which the server's layers begin.</param>
    /// <exception cref="RefusedException">Something that a step hands on is none of them.</exception>
    public LayerCaches(GraphPart part, IReadOnlyList<CacheTensorManifest> caches, int place)
    {
        _file = part.FileName;
        _inputs = part.Graph.Input.DistinctBy(input => input.Name)
            .ToDictionary(input => input.Name, StringComparer.Ordinal);
        if (part.Graph.Input.FirstOrDefault(input => input.Name.StartsWith("past", StringComparison.Ordinal)
            && ElementTypes.AreQuantities(input) && caches.All(cache => cache.Past != input.Name)) is { } other)
        {
            throw new RefusedException(
                $"'{_file}' cannot leave layers to the client: what '{other.Name}' holds was not found out");
        }

        var made = part.Graph.Node.Take(place).SelectMany(node => node.Output).ToHashSet(StringComparer.Ordinal);
        Client = [.. caches.Where(cache => made.Contains(cache.Present))];
        _server = [.. caches.Where(cache => !made.Contains(cache.Present))];
    }

    /// <summary>Those of the client, in the order of the graph's inputs.</summary>
    public IReadOnlyList<CacheTensorManifest> Client { get; }

    /// <summary>Lengths are read off any cache, and all are equally long: each side reads them off its own.</summary>
    /// <param name="nodes">Nodes of one side.</param>
    /// <param name="isClient">Which of both.</param>
    public IEnumerable<NodeProto> Own(IEnumerable<NodeProto> nodes, bool isClient)
    {
        var names = (isClient ? _server : Client)
            .Select(cache => (cache.Past, Own: Alike(cache, isClient ? Client : _server)))
            .Where(pair => pair.Own is not null)
            .ToDictionary(pair => pair.Past, pair => pair.Own!, StringComparer.Ordinal);
        return nodes.Select(node => node.OpType is "Shape" or "Size" && node.Input.Any(names.ContainsKey)
            ? Renamed(node, names)
            : node);
    }

    /// <summary>Refuses what takes a cache of the other side.</summary>
    /// <param name="client">The client's graph.</param>
    /// <param name="cloud">The server's.</param>
    /// <exception cref="RefusedException">One does.</exception>
    public void RefuseOthers(GraphProto client, GraphProto cloud)
    {
        var (sides, others) = (new[] { client, cloud }, new[] { _server, Client });
        foreach (var (side, theirs) in sides.Zip(others))
        {
            if (side.Input.FirstOrDefault(input => theirs.Any(cache => cache.Past == input.Name)) is { } input)
            {
                throw new RefusedException($"'{_file}' cannot be cut there: both sides would need '{input.Name}'");
            }
        }
    }

    // Some layers keep a window only: what is as long has the same name for its length. Numbers in it say nothing, for
    // exporters that find no name count (s3, unk__12, past_key_values.0.key_dim_2).
    private string? Alike(CacheTensorManifest cache, IEnumerable<CacheTensorManifest> among) => among
        .FirstOrDefault(other => LengthOf(other) == LengthOf(cache) && other.Axes.Select(axis => axis.ToString())
            .SequenceEqual(cache.Axes.Select(axis => axis.ToString())))?.Past;

    private string LengthOf(CacheTensorManifest cache)
    {
        var shape = _inputs.GetValueOrDefault(cache.Past)?.Type?.TensorType?.Shape;
        var axis = cache.Axes.Select(axis => axis.ToString()).ToList().IndexOf(CacheTensorManifest.Length);
        var name = axis >= 0 && axis < shape?.Dim.Count ? shape.Dim[axis].DimParam : "";
        return string.Concat(name.Where(character => !char.IsAsciiDigit(character)));
    }

    private static NodeProto Renamed(NodeProto node, Dictionary<string, string> names)
    {
        var renamed = node.Clone();
        SentNames.Rename(renamed, names);
        return renamed;
    }
}
