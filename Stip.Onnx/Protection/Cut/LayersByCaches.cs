using Stip.Onnx.Model;
using Stip.Onnx.Protection.Blocks;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Cut;

/// <summary>The layers of a decoder whose layers are not of one form (some dense, some of experts), told by their
/// caches: between two that one value leads from to the next, a layer ends.</summary>
internal sealed class LayersByCaches
{
    // Of each layer, the place before the node with which it begins.
    private readonly List<int> _starts = [];

    /// <param name="part">The graph.</param>
    /// <param name="flow">Its values.</param>
    /// <param name="rows">The input from which its features come.</param>
    /// <param name="caches">All its caches.</param>
    public LayersByCaches(
        GraphPart part, ValueFlow flow, string rows, IReadOnlyList<CacheTensorManifest> caches)
    {
        var presents = caches.Select(cache => cache.Present).ToHashSet(StringComparer.Ordinal);
        var widths = flow.Widths();
        var narrow = RepeatedLayers.LastReadOf(part, rows) + 1;
        var (last, before) = (-1, -1);
        foreach (var maker in Enumerable.Range(0, flow.NodeCount)
            .Where(node => part.Graph.Node[node].Output.Any(presents.Contains)))
        {
            // Attention has queries beside the stream, so that the last narrow place is where its layer begins.
            while (narrow <= maker)
            {
                last = widths[narrow] == 1 ? narrow : last;
                narrow++;
            }

            if (_starts.Count == 0 || last > before)
            {
                _starts.Add(last);
            }

            before = maker;
        }
    }

    /// <summary>How many there are.</summary>
    public int Count => _starts.Count;

    /// <summary>The place before the node with which the layer after so many begins.</summary>
    public int PlaceAfter(int layers) => _starts[layers];
}
