using Stip.Onnx.Model;
using Stip.Onnx.Protection.Caches;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Symmetry;

/// <summary>Axes of caches that grow from step to step, wherever they stand: what a graph gives shows them, whatever
/// their names say.</summary>
internal static class GrownAxes
{
    /// <summary>By symbol.</summary>
    /// <param name="graph">The whole graph.</param>
    /// <param name="functions">Functions that its nodes may call.</param>
    public static IReadOnlyDictionary<string, AxisRole> Of(GraphProto graph, IEnumerable<FunctionProto>? functions)
    {
        var roles = new Dictionary<string, AxisRole>(StringComparer.Ordinal);
        var counted = graph.Input.Where(input => !ElementTypes.AreQuantities(input))
            .SelectMany(input => input.Type?.TensorType?.Shape?.Dim ?? []).Select(axis => axis.DimParam)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var cache in CachePairs.Find(graph, [.. functions ?? []], []))
        {
            var axis = cache.Axes.ToList().FindIndex(length => length.ToString() == CacheTensorManifest.Length);
            Note(graph.Input, cache.Past, axis, AxisRole.Past);
            Note(graph.Output, cache.Present, axis, AxisRole.Total);
        }

        return roles;

        // One that ids or a mask have too is told by those.
        void Note(IEnumerable<ValueInfoProto> ports, string name, int axis, AxisRole role)
        {
            var axes = ports.First(port => port.Name == name).Type?.TensorType?.Shape?.Dim;
            if (axes?.Count > axis && axes[axis].DimParam is { Length: > 0 } symbol && !counted.Contains(symbol)
                && AxisRoles.ByWords(symbol) is AxisRole.Unknown or AxisRole.Sequence)
            {
                roles.TryAdd(symbol, role);
            }
        }
    }
}
