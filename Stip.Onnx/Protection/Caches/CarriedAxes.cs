using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection.Caches;

/// <summary>Where the axes of caches stand in what is made of them by moving alone, calls of functions and inner graphs
/// aside.</summary>
internal sealed class CarriedAxes
{
    private readonly Dictionary<string, (string Input, int[] Axes)> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorProto> _held;

    /// <param name="graph">The graph.</param>
    /// <param name="ranks">How many axes each cache has, by its input.</param>
    public CarriedAxes(GraphProto graph, IReadOnlyDictionary<string, int> ranks)
    {
        _held = HeldTensors.Of(graph).DistinctBy(entry => entry.Name)
            .ToDictionary(entry => entry.Name, entry => entry.Tensor, StringComparer.Ordinal);
        foreach (var (input, rank) in ranks)
        {
            _places[input] = (input, [.. Enumerable.Range(0, rank)]);
        }

        foreach (var node in graph.Node)
        {
            Follow(node);
        }
    }

    /// <summary>The cache in a value, and which of its axes each axis of the value is (-1 for a new one); null where
    /// that is not known.</summary>
    public (string Input, int[] Axes)? Of(string name) =>
        _places.TryGetValue(name, out var place) ? place : null;

    /// <summary>Whole numbers of an attribute, or of an input that the graph holds; null where they are
    /// computed.</summary>
    /// <param name="node">The node.</param>
    /// <param name="attribute">Name of the attribute.</param>
    /// <param name="place">Of the input.</param>
    public int[]? Numbers(NodeProto node, string attribute, int place)
    {
        if (node.Attribute.FirstOrDefault(own => own.Name == attribute) is { } given)
        {
            return [.. given.Ints.Select(number => (int)number)];
        }

        return place < node.Input.Count
            ? TensorNumbers.HeldIntegers(node.Input[place], _held.GetValueOrDefault(node.Input[place]))
            : null;
    }

    private void Follow(NodeProto node)
    {
        var from = node.OpType is "Concat" or "Where"
            ? node.Input.FirstOrDefault(_places.ContainsKey)
            : node.Input.FirstOrDefault();
        if (from is null || !_places.TryGetValue(from, out var place) || Moved(node, place.Axes) is not { } axes)
        {
            return;
        }

        foreach (var output in node.Output.Where(output => output.Length > 0))
        {
            _places[output] = (place.Input, axes);
        }
    }

    private int[]? Moved(NodeProto node, int[] axes)
    {
        switch (node.OpType)
        {
            case "Cast" or "CastLike" or "Identity" or "Slice" or "Split" or "Pad" or "Concat" or "Where"
                or "ScatterND" or "ScatterElements" or "TensorScatter":
                return axes;
            case "Transpose":
                var order = Numbers(node, "perm", int.MaxValue) ?? [.. Enumerable.Range(0, axes.Length).Reverse()];
                return order.Length == axes.Length ? Array.ConvertAll(order, axis => axes[axis]) : null;
            case "Unsqueeze" when Numbers(node, "axes", 1) is { } added:
                var rank = axes.Length + added.Length;
                var isNew = added.Select(axis => Shapes.Axis(axis, rank)).ToHashSet();
                var next = 0;
                return [.. Enumerable.Range(0, rank).Select(axis => isNew.Contains(axis) ? -1 : axes[next++])];
            case "Squeeze" when Numbers(node, "axes", 1) is { } gone:
                return Without(axes, gone);
            case "Gather" when _held.TryGetValue(node.Input[1], out var index) && index.Dims.Count <= 1:
                return index.Dims.Count == 1 ? axes : Without(axes, AxisOf(node, 0));
            default:
                return null;
        }
    }

    /// <summary>The axis that a node names, as its attribute says.</summary>
    public static int AxisOf(NodeProto node, int otherwise) =>
        (int)(node.Attribute.FirstOrDefault(attribute => attribute.Name == "axis")?.I ?? otherwise);

    private static int[] Without(int[] axes, params int[] gone)
    {
        var isGone = gone.Select(axis => Shapes.Axis(axis, axes.Length)).ToHashSet();
        return [.. axes.Where((_, axis) => !isGone.Contains(axis))];
    }
}
