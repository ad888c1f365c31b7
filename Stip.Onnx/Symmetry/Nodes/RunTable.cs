using System.Numerics;
using System.Runtime.InteropServices;

namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>
/// Runs of nodes: <c>n</c> lanes of one kind that do the same with their children and have labels one after the other.
/// A child of a run of several lanes is either a range of as many labels, lane by lane, or one label that all lanes
/// share; a run of one lane takes all labels of its ranges. All of it is integers in flat arrays.
/// </summary>
/// <param name="reach">How many cells apart labels that follow each other may stand.</param>
/// <param name="mostChildren">Most that nodes hang on, all together.</param>
internal sealed class RunTable(int reach = 1, int mostChildren = RunTable.MostChildren)
{
    // 8 bytes each: far above what a 70b model takes, and a minute at most.
    private const int MostChildren = 1 << 27;

    private readonly List<int> _firsts = [];
    private readonly List<int> _kinds = [];
    private readonly List<RunTraits> _traits = [];
    private readonly List<int> _childEnds = [];
    private readonly List<LabelRange> _children = [];

    // Which labels are the first of a run, 64 to a block, and how many runs start before each block.
    private readonly List<ulong> _starts = [];
    private readonly List<int> _startsBefore = [];

    public int Count => _firsts.Count;

    /// <summary>How many cells apart labels that follow each other may stand.</summary>
    public int Reach => reach;

    /// <summary>Labels of all runs together.</summary>
    public int LabelCount { get; private set; }

    public int KindOf(int run) => _kinds[run];

    public RunTraits TraitsOf(int run) => _traits[run];

    /// <summary>The label of the first lane.</summary>
    public int First(int run) => _firsts[run];

    /// <summary>The label after that of the last lane.</summary>
    public int End(int run) => run + 1 < _firsts.Count ? _firsts[run + 1] : LabelCount;

    public int Lanes(int run) => End(run) - _firsts[run];

    public ReadOnlySpan<LabelRange> Children(int run) => _traits[run] == RunTraits.Dropped
        ? []
        : CollectionsMarshal.AsSpan(_children)[(run == 0 ? 0 : _childEnds[run - 1]).._childEnds[run]];

    /// <summary>The run that holds a label.</summary>
    public int RunOf(int label)
    {
        var block = label >> 6;
        var upToLabel = ulong.MaxValue >> (63 - (label & 63));
        return block < _starts.Count
            ? _startsBefore[block] + BitOperations.PopCount(_starts[block] & upToLabel) - 1
            : Count - 1;
    }

    /// <summary>Takes its kind and its children from a run on which nothing hangs.</summary>
    public void Drop(int run, int kind)
    {
        _kinds[run] = kind;
        _traits[run] = RunTraits.Dropped;
    }

    /// <summary>True where one label is that of the lane after the other's.</summary>
    public bool IsNext(int label, int next) => next == label + 1 && next < LabelCount && !IsFirst(next);

    /// <summary>True where the label of a cell is the next of one shortly before it.</summary>
    /// <param name="labels">Labels of cells.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="first">The first cell that may be before it.</param>
    /// <param name="stride">From one cell to the next.</param>
    public bool GoesOn(ReadOnlySpan<int> labels, int cell, int first = 0, int stride = 1)
    {
        for (var back = 1; back <= reach && cell - (back * stride) >= first; back++)
        {
            if (IsNext(labels[cell - (back * stride)], labels[cell]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Lets go of what runs are made of; their labels stay.</summary>
    public void Forget()
    {
        _kinds.Clear();
        _kinds.Capacity = 0;
        ForgetChildren();
    }

    /// <summary>Lets go of what runs hang on; their kinds and labels stay.</summary>
    public void ForgetChildren()
    {
        _childEnds.Clear();
        _childEnds.Capacity = 0;
        _traits.Clear();
        _traits.Capacity = 0;
        _children.Clear();
        _children.Capacity = 0;
    }

    /// <summary>Makes room for so many runs, so that none is left behind while there come to be more.</summary>
    public void Reserve(int runs)
    {
        foreach (var list in new[] { _firsts, _kinds, _childEnds })
        {
            list.EnsureCapacity(runs);
        }

        _traits.EnsureCapacity(runs);
        _children.EnsureCapacity(2 * runs);
    }

    /// <summary>Gives back the room that is left for more runs.</summary>
    public void Trim()
    {
        foreach (var list in new[] { _firsts, _kinds, _childEnds, _startsBefore })
        {
            list.TrimExcess();
        }

        _starts.TrimExcess();
        _traits.TrimExcess();
        _children.TrimExcess();
    }

    /// <summary>Adds a run.</summary>
    /// <returns>Its number.</returns>
    /// <exception cref="TooManyNodesException">There are too many.</exception>
    public int Append(int kind, int lanes, RunTraits traits, ReadOnlySpan<LabelRange> children)
    {
        if (_children.Count > mostChildren || lanes > int.MaxValue - LabelCount)
        {
            throw new TooManyNodesException();
        }

        MarkStart(LabelCount);
        _firsts.Add(LabelCount);
        _kinds.Add(kind);
        _traits.Add(traits);
        _children.AddRange(children);
        _childEnds.Add(_children.Count);
        LabelCount += lanes;
        return _firsts.Count - 1;
    }

    private bool IsFirst(int label) =>
        label >> 6 < _starts.Count && (_starts[label >> 6] & (1UL << (label & 63))) != 0;

    private void MarkStart(int label)
    {
        while (_starts.Count <= label >> 6)
        {
            _starts.Add(0);
            _startsBefore.Add(Count);
        }

        _starts[label >> 6] |= 1UL << (label & 63);
    }
}
