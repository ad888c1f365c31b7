using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Values;

/// <summary>
/// The nodes of one initialiser: a root, and for every axis that is used one node per index. They are typed by type and
/// shape, not by name, so that initialisers of one form may trade places.
/// </summary>
internal sealed class WeightNodes
{
    private const long MostEntries = 1 << 24;
    private readonly NodeStore _store;
    private readonly int[]?[] _axes;
    private readonly string?[] _pins;

    /// <param name="store">Where its nodes are made.</param>
    /// <param name="tensor">The initialiser.</param>
    /// <param name="part">The graph that holds it: initialisers of different files never trade places.</param>
    public WeightNodes(NodeStore store, GraphTensor tensor, string part = "")
    {
        _store = store;
        Tensor = tensor;
        Root = store.Fresh(store.Kinds.Id($"initializer {part} {tensor.Type} [{string.Join(',', tensor.Shape)}]"));
        _axes = new int[]?[tensor.Shape.Length];
        _pins = new string?[tensor.Shape.Length];
    }

    public GraphTensor Tensor { get; }

    public int Root { get; }

    /// <summary>The whole initialiser.</summary>
    public WeightValue Whole() => new(
        Tensor.Shape,
        this,
        [.. Tensor.Shape.Select((length, axis) => new WeightAxis(this, length == 1 ? -1 : axis))]);

    /// <summary>The nodes of an axis, or null where nothing has asked for them: such an axis stays as it is.</summary>
    public int[]? AxisOrNull(int axis) => _axes[axis];

    /// <summary>Why an axis stays as it is, null where nothing holds it from outside.</summary>
    public string? PinOf(int axis) => _pins[axis];

    public int[] Axis(int axis)
    {
        if (_axes[axis] is { } made)
        {
            return made;
        }

        var nodes = new int[Tensor.Shape[axis]];
        var kind = _store.Kinds.Id($"axis {axis}");
        for (var i = 0; i < nodes.Length; i++)
        {
            nodes[i] = _store.Fresh(kind, Root);
        }

        _axes[axis] = nodes;
        AddPins(axis);
        return nodes;
    }

    /// <summary>Holds every index of an axis where it is.</summary>
    public void Pin(int axis, string reason)
    {
        if (_pins[axis] is null)
        {
            _pins[axis] = reason;
            AddPins(axis);
        }
    }

    /// <summary>Writes out the entries of a view of this weight as labels, one for every cell.</summary>
    /// <exception cref="NotSupportedException">There are too many of them.</exception>
    public LabelValue WriteOut(WeightValue view)
    {
        if (view.Shape.Aggregate(1L, (product, length) => product * length) > MostEntries)
        {
            throw new NotSupportedException(
                $"the entries of '{Tensor.Name}' are used one by one, and are more than {MostEntries}");
        }

        var axes = Enumerable.Range(0, view.Rank).Where(axis => view.Axes[axis].IsIndexed).ToArray();
        var nodes = Array.ConvertAll(axes, axis => view.Axes[axis].Nodes);
        var labels = new int[view.Count];
        var index = new int[view.Rank];
        Span<int> children = stackalloc int[axes.Length];
        for (var cell = 0; cell < labels.Length; cell++)
        {
            for (var i = 0; i < axes.Length; i++)
            {
                children[i] = nodes[i][index[axes[i]]];
            }

            labels[cell] = Entry(children);
            Shapes.Advance(index, view.Shape);
        }

        return new LabelValue(view.Shape, labels);
    }

    /// <summary>The entry at these nodes of its axes, whatever their order.</summary>
    public int Entry(ReadOnlySpan<int> axisNodes) => axisNodes.Length switch
    {
        0 => Root,
        1 => axisNodes[0],
        _ => _store.Unordered(_store.Kinds.Id("entry"), axisNodes),
    };

    private void AddPins(int axis)
    {
        if (_axes[axis] is { } nodes && _pins[axis] is { } reason)
        {
            for (var i = 0; i < nodes.Length; i++)
            {
                _store.Ordered(_store.Kinds.Id(PinKinds.Prefix + reason, i), nodes[i]);
            }
        }
    }
}
