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

    // The fresh run of each axis: labels are in a row, and of a wide model there would be many to keep.
    private int?[] _axes;
    private WeakReference<int[]>?[] _labels;
    private string?[] _pins;

    /// <param name="store">Where its nodes are made.</param>
    /// <param name="tensor">The initialiser.</param>
    /// <param name="part">The graph that holds it: initialisers of different files never trade places.</param>
    public WeightNodes(NodeStore store, GraphTensor tensor, string part = "")
    {
        _store = store;
        Tensor = tensor;
        Root = store.Fresh(store.Kinds.Id($"initializer {part} {tensor.Type} [{string.Join(',', tensor.Shape)}]"));
        var bits = ElementTypes.Bits(tensor.Type);
        Layout = bits is > 0 and < 8 ? new PackedLayout(tensor.Shape, bits, PadsRows: false) : null;
        (_axes, _labels, _pins) = Nothing(Shape.Length);
    }

    public GraphTensor Tensor { get; }

    /// <summary>Where the nodes are.</summary>
    public NodeStore Store => _store;

    public int Root { get; }

    /// <summary>What the bytes hold where that is not what type and shape say.</summary>
    public PackedLayout? Layout { get; private set; }

    /// <summary>The shape that axes, pins and permutations refer to.</summary>
    public int[] Shape => Layout?.Shape ?? Tensor.Shape;

    /// <summary>The whole initialiser.</summary>
    public WeightValue Whole() => new(
        Shape,
        this,
        [.. Shape.Select((length, axis) => new WeightAxis(this, length == 1 ? -1 : axis))],
        IsWhole: true);

    /// <summary>The initialiser read as what is packed in it.</summary>
    /// <exception cref="NotSupportedException">It is used in another way too.</exception>
    public WeightValue Unpacked(PackedLayout layout)
    {
        if (Layout is null && _axes.All(axis => axis is null) && _pins.All(pin => pin is null)
            && layout.ByteLength == Tensor.ByteLength)
        {
            Layout = layout;
            (_axes, _labels, _pins) = Nothing(layout.Shape.Length);
            var name = $"{HoldingKinds.Packed} [{string.Join(',', layout.Shape)}]";
            _store.Ordered(_store.Kinds.Id(name, layout.Bits), Root);
        }

        return layout.Equals(Layout)
            ? Whole()
            : throw new NotSupportedException($"'{Tensor.Name}' is packed in one place and not in another");
    }

    /// <summary>The nodes of an axis, or null where nothing has asked for them: such an axis stays as it is.</summary>
    public int[]? AxisOrNull(int axis)
    {
        if (_axes[axis] is not { } run)
        {
            return null;
        }

        if (_labels[axis] is { } kept && kept.TryGetTarget(out var labels))
        {
            return labels;
        }

        labels = _store.LabelsOf(run);
        _labels[axis] = new WeakReference<int[]>(labels);
        return labels;
    }

    /// <summary>Why an axis stays as it is, null where nothing holds it from outside.</summary>
    public string? PinOf(int axis) => _pins[axis];

    public int[] Axis(int axis)
    {
        if (AxisOrNull(axis) is { } made)
        {
            return made;
        }

        var nodes = _store.FreshRun(_store.Kinds.Id($"axis {axis}"), Shape[axis], Root);
        (_axes[axis], _labels[axis]) = (_store.FreshRuns.Count - 1, new WeakReference<int[]>(nodes));
        AddPins(axis);
        return nodes;
    }

    /// <summary>Holds every index of an axis where it is.</summary>
    public void Pin(int axis, string reason)
    {
        if (axis >= _pins.Length)
        {
            // A view from before the bytes were read in another shape does not say which axes of that it shows.
            foreach (var own in Enumerable.Range(0, _pins.Length))
            {
                Pin(own, reason);
            }
        }
        else if (_pins[axis] is null)
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
        var strides = new int[view.Rank];
        int[][] nodes = [.. axes.Select(axis =>
        {
            Array.Clear(strides);
            strides[axis] = 1;
            return Array.ConvertAll(Shapes.Walk(view.Shape, strides), i => view.Axes[axis].Nodes[i]);
        })];
        nodes = [.. nodes, .. view.Fixed.Select(node => new[] { node })];
        return new LabelValue(view.Shape, nodes.Length switch
        {
            0 => [.. Enumerable.Repeat(Root, view.Count)],
            1 when axes.Length == 1 => nodes[0],
            _ when axes.Length == 0 =>
                [.. Enumerable.Repeat(CellWise.Unordered(_store, _store.Kinds.Id("entry"), nodes)[0], view.Count)],
            _ => CellWise.Unordered(_store, _store.Kinds.Id("entry"), nodes),
        });
    }

    private static (int?[] Axes, WeakReference<int[]>?[] Labels, string?[] Pins) Nothing(int rank) =>
        (new int?[rank], new WeakReference<int[]>?[rank], new string?[rank]);

    private void AddPins(int axis)
    {
        if (_pins[axis] is { } reason && AxisOrNull(axis) is { } nodes)
        {
            var kind = _store.Kinds.Id(PinKinds.Prefix + reason);
            CellWise.Ordered(_store, kind, nodes, _store.Places(nodes.Length));
        }
    }
}
