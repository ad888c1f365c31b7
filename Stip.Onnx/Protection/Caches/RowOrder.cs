using System.Text.Json;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Caches;

/// <summary>Whether a decoder takes its rows as <c>[sequence, batch, hidden]</c>, as recurrent layers of other
/// frameworks and Transformer-XL do.</summary>
internal static class RowOrder
{
    /// <summary>True where the axis of sequences of its caches stands second, behind another name or one row; null
    /// where it does not, or has no name.</summary>
    /// <param name="graph">The server's graph.</param>
    /// <param name="caches">Its caches by structure.</param>
    public static bool? IsSequenceFirst(GraphManifest graph, IReadOnlyList<CacheTensorManifest> caches)
    {
        var embeds = graph.NameOf(GraphManifest.Embeds);
        if (graph.Inputs.FirstOrDefault(input => input.Name == embeds) is not { Shape: [var first, var second, _] }
            || second.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        var batches = caches.Select(cache => NameOfBatch(graph, cache)).ToHashSet(StringComparer.Ordinal);
        return batches.Contains(second.GetString()) && !batches.Contains(first.ToString()) ? true : null;
    }

    private static string? NameOfBatch(GraphManifest graph, CacheTensorManifest cache)
    {
        var axis = cache.Axes.ToList().FindIndex(axis => axis.ToString() == CacheTensorManifest.Batch);
        var shape = graph.Inputs.FirstOrDefault(input => input.Name == cache.Past)?.Shape;
        return axis >= 0 && axis < shape?.Count && shape[axis].ValueKind == JsonValueKind.String
            ? shape[axis].GetString() : null;
    }
}
