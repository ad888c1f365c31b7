using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>Where a manifest and a graph disagree on which caches a window bounds: their memory is made by what the
/// manifest says.</summary>
internal static class BoundedCacheFaults
{
    private const int PastKey = 3;

    /// <param name="cache">Of a decoder.</param>
    /// <param name="graph">A node of a branch or a function has no cache that an input of the graph could be.</param>
    public static IEnumerable<string> Of(CacheManifest cache, GraphOutline graph)
    {
        if (cache.Layout != CacheLayouts.Shared)
        {
            return cache.BoundedWindows is null ? []
                : [$"cache.bounded_windows is for the layout '{CacheLayouts.Shared}' only"];
        }

        if (cache.BoundedWindows is { } said && (said.Count != cache.Layers || said.Any(window => window < 0)))
        {
            return [$"cache.bounded_windows is not a list of {cache.Layers} numbers, 0 or more"];
        }

        var windows = new Dictionary<string, ulong>(StringComparer.Ordinal);
        foreach (var node in graph.Nodes.Where(node => node.Type == "GroupQueryAttention"
            && node.Inputs.Count > PastKey && node.Integer("sliding_window_cache") != 0))
        {
            windows[node.Inputs[PastKey]] = node.Integer("local_window_size");
        }

        return Compare(cache, windows);
    }

    private static IEnumerable<string> Compare(CacheManifest cache, Dictionary<string, ulong> windows)
    {
        for (var layer = 0; layer < Math.Min(cache.Layers, GraphFaults.MaxLayers); layer++)
        {
            var window = windows.GetValueOrDefault($"past_key_values.{layer}.key");
            if (window != (ulong)cache.BoundOf(layer))
            {
                yield return $"the cache of layer {layer} is bounded by a window of {window} tokens (0: not at all), "
                    + $"stip.json says {cache.BoundOf(layer)}";
            }
        }
    }
}
