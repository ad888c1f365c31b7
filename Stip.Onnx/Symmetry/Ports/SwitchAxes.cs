using Stip.Onnx.Model;
using Dimension = Stip.Onnx.Model.TensorShapeProto.Types.Dimension;

namespace Stip.Onnx.Symmetry.Ports;

/// <summary>
/// Tells masks of whole numbers that stand over features: heads, experts, words. Their axes are as long as the graph
/// says; lengths of texts, caches and pictures that a graph fixes as well are told by its other inputs.
/// </summary>
internal sealed class SwitchAxes
{
    private const int LargestPatch = 32;
    private readonly PortUses _uses;
    private readonly HashSet<long> _batches = [];
    private readonly HashSet<long> _positions = [];
    private readonly List<(long Frames, long Height, long Width)> _pictures = [];

    public SwitchAxes(GraphProto graph, PortUses uses)
    {
        _uses = uses;
        HashSet<long> caches = [0];
        HashSet<long> texts = [0, 1];
        var weights = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        var signals = KnownAxes.Convolved(graph).DistinctBy(entry => entry.Input.Name).ToDictionary(
            entry => entry.Input.Name, entry => Channels(entry.Weight, entry.Node), StringComparer.Ordinal);
        foreach (var input in graph.Input)
        {
            if (weights.Contains(input.Name) || uses[input.Name] == PortUse.Mask)
            {
                continue;
            }

            long[] axes = [.. (input.Type?.TensorType?.Shape?.Dim ?? []).Select(axis => axis.DimValue)];
            _batches.UnionWith(axes.Length > 1 ? [axes[0]] : []);
            if (axes.Length < 3)
            {
                texts.UnionWith(axes.TakeLast(1));
            }
            else if (!ElementTypes.AreQuantities(input))
            {
                // Choices of an answer stand before the words of each.
                texts.UnionWith(axes.Skip(1));
            }
            else if (signals.TryGetValue(input.Name, out var channels))
            {
                texts.UnionWith(Places(axes, channels));
                AddPicture(axes);
            }
            else
            {
                caches.Add(axes[^2]);
                texts.UnionWith(IsPicture(axes) ? axes[^2..] : [axes[^2]]);
                AddPicture(IsPicture(axes) ? axes : []);
            }
        }

        _positions.UnionWith(caches.SelectMany(_ => texts, (cache, text) => cache + text));
    }

    /// <summary>True where the input is such a mask: its numbers stay where they are.</summary>
    public bool Has(ValueInfoProto input)
    {
        if (ElementTypes.AreQuantities(input) || _uses[input.Name] != PortUse.Mask)
        {
            return false;
        }

        Dimension[] axes = [.. input.Type?.TensorType?.Shape?.Dim ?? []];
        return axes.Index().Any(entry => ProbeSizes.IsFixed(entry.Item) && entry.Item.DimValue > 1
            && (entry.Index < axes.Length - 2 || !IsPosition(entry.Item.DimValue))
            && !(entry.Index == 0 && axes.Length > 1 && _batches.Contains(entry.Item.DimValue)));
    }

    private static (int Rank, long Count) Channels(TensorProto weight, NodeProto node) => (
        weight.Dims.Count,
        weight.Dims[1] * Math.Max(1, node.Attribute.FirstOrDefault(attribute => attribute.Name == "group")?.I ?? 1));

    // Caches have heads where pictures have colours, and are as long as they get.
    private static bool IsPicture(long[] axes) => axes[^1] > 1 && axes[^2] > 1
        && (axes.Length == 5 || (axes.Length == 4 && (axes[1] is 1 or 3 || axes[^1] == axes[^2])));

    // The channels of a signal are features, wherever they stand.
    private static IEnumerable<long> Places(long[] axes, (int Rank, long Count) channels)
    {
        var features = channels.Rank == axes.Length ? Array.IndexOf(axes, channels.Count, 1) : -1;
        return axes.Where((_, place) => place > 0 && place != features);
    }

    // Colours stand before the frames of a video or behind them.
    private void AddPicture(long[] axes)
    {
        if (axes.Length > 3)
        {
            _pictures.Add((axes.Length == 4 ? 1 : axes[1] is 1 or 3 ? axes[2] : axes[1], axes[^2], axes[^1]));
        }
    }

    // Patches of a picture are as many as squares fit it, and of a video that for every few frames.
    private bool IsPosition(long length) => _positions.Contains(length) || _pictures.Any(picture =>
        Enumerable.Range(1, LargestPatch).Any(side =>
        {
            var cells = picture.Height / side * (picture.Width / side);
            return picture.Height % side == 0 && picture.Width % side == 0 && cells > 0
                && length % cells == 0 && Math.Max(1, picture.Frames) % (length / cells) == 0;
        }));
}
