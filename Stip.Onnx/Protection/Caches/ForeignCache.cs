using System.Text.Json;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Caches;

/// <summary>What a manifest says of the cache of a graph that came without one.</summary>
internal static class ForeignCache
{
    /// <param name="graph">The server's graph.</param>
    /// <param name="pairs">Its caches by structure.</param>
    /// <returns>Null where the graph has none.</returns>
    public static CacheManifest? Describe(GraphProto graph, IReadOnlyList<CacheTensorManifest> pairs)
    {
        var pasts = GraphSignature.Inputs(graph)
            .Where(input => input.Name.StartsWith("past", StringComparison.Ordinal)
                && !input.Dtype.StartsWith("int", StringComparison.Ordinal)).ToArray();
        var keys = Array.FindAll(pasts, input => input.Name.EndsWith("key", StringComparison.Ordinal));
        var known = KnownAxes.Of(graph);
        var named = keys.Length == 0 ? null : new CacheManifest(
            CacheLayouts.Growing, keys.Length, Length(keys[0], 1, known), Length(keys[0], 3, known));
        var isWhole = pairs.Count > 0 && pasts.All(past => pairs.Any(pair => pair.Past == past.Name));
        if (!isWhole || (named is not null && AreUsual(pairs, named)))
        {
            return named;
        }

        var lengths = Lengths(pairs[0]);
        var layers = pairs.Count % 2 == 0 && lengths.Length == 2 ? pairs.Count / 2 : pairs.Count;
        return new CacheManifest(
            CacheLayouts.Growing, layers, lengths.Length > 1 ? lengths[^2] : 1, lengths.LastOrDefault(1))
        {
            Tensors = pairs,
        };
    }

    // Packages that need no list have none, so that every server serves them.
    private static bool AreUsual(IReadOnlyList<CacheTensorManifest> pairs, CacheManifest named)
    {
        var expected = Enumerable.Range(0, named.Layers)
            .SelectMany(layer => new[] { (layer, "key"), (layer, "value") })
            .Select(part => (DecoderPorts.Past(part.layer, part.Item2), DecoderPorts.Present(part.layer, part.Item2)))
            .ToHashSet();
        string[] axes =
        [
            CacheTensorManifest.Batch, named.KvHeads.ToString(), CacheTensorManifest.Length, named.HeadDim.ToString(),
        ];
        return pairs.Count == expected.Count && pairs.All(pair => expected.Contains((pair.Past, pair.Present))
            && pair.Axes.Select(axis => axis.ToString()).SequenceEqual(axes));
    }

    private static int[] Lengths(CacheTensorManifest tensor) =>
        [.. tensor.Axes.Where(axis => axis.ValueKind == JsonValueKind.Number).Select(axis => axis.GetInt32())];

    // A length that has a name may be told by the weights.
    private static int Length(TensorManifest port, int axis, IReadOnlyDictionary<string, int> known) =>
        axis >= port.Shape.Count ? 0
        : port.Shape[axis].ValueKind == JsonValueKind.Number ? port.Shape[axis].GetInt32()
        : known.GetValueOrDefault(port.Shape[axis].ToString());
}
