using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Values;

/// <summary>
/// The sets of cells along some axes of a tensor. Where labels go up one by one within a set, each set is made at once;
/// where they go up from set to set (features summed over positions), all sets are.
/// </summary>
internal sealed class SetCells
{
    private readonly NodeStore _store;
    private readonly LabelValue _value;
    private readonly int[][] _groups;
    private readonly int[][] _layers;
    private readonly bool _isAcross;

    public SetCells(NodeStore store, LabelValue value, int[] axes)
    {
        _store = store;
        _value = value;
        var groups = new AxisGroups(value.Shape, axes);
        KeptShape = groups.KeptShape;
        _groups = [.. groups];
        _layers = [.. Enumerable.Range(0, _groups.Length == 0 ? 0 : _groups[0].Length).Select(
            i => Array.ConvertAll(_groups, group => group[i]))];
        _isAcross = Breaks(_layers) < Breaks(_groups);
    }

    /// <summary>Shape of one cell a set, the axes kept with length one.</summary>
    public int[] KeptShape { get; }

    /// <summary>A node for every set.</summary>
    public int[] Label(int kind) => _isAcross
        ? CellWise.Unordered(_store, kind, Array.ConvertAll(_layers, Taken))
        : Array.ConvertAll(_groups, group => _store.Unordered(kind, Taken(group)));

    /// <summary>A node for every cell with the node of its set, in the order of the tensor.</summary>
    public int[] Against(int kind, int[] sets)
    {
        var labels = new int[_value.Labels.Length];
        var parts = _isAcross ? _layers : _groups;
        for (var part = 0; part < parts.Length; part++)
        {
            var made = CellWise.Ordered(_store, kind, Taken(parts[part]), _isAcross ? sets : [sets[part]]);
            for (var i = 0; i < made.Length; i++)
            {
                labels[parts[part][i]] = made[i];
            }
        }

        return labels;
    }

    private int[] Taken(int[] cells) => Array.ConvertAll(cells, cell => _value.Labels[cell]);

    private int Breaks(int[][] parts)
    {
        var breaks = parts.Length;
        foreach (var cells in parts)
        {
            for (var i = 1; i < cells.Length; i++)
            {
                breaks += GoesOn(cells, i) ? 0 : 1;
            }
        }

        return breaks;
    }

    private bool GoesOn(int[] cells, int i)
    {
        for (var back = 1; back <= Math.Min(i, _store.Runs.Reach); back++)
        {
            if (_store.Runs.IsNext(_value.Labels[cells[i - back]], _value.Labels[cells[i]]))
            {
                return true;
            }
        }

        return false;
    }
}
