using System.Collections;
using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Segments;

/// <summary>
/// Where runs must be cut: around a lane that is used alone, at both ends of a part that is used, and wherever a run
/// is cut that hangs on this one lane by lane, or on which this one hangs.
/// </summary>
internal sealed class Cuts
{
    private readonly RunTable _runs;
    private readonly LaneEdges _parents;
    private readonly BitArray _isCut;
    private readonly Stack<int> _open = [];
    private readonly List<int> _found = [];

    private Cuts(RunTable runs)
    {
        _runs = runs;
        _parents = new LaneEdges(runs);
        _isCut = new BitArray(runs.LabelCount);
    }

    /// <summary>The labels with which segments start, in order.</summary>
    public static int[] Find(RunTable runs)
    {
        var cuts = new Cuts(runs);
        for (var run = 0; run < runs.Count; run++)
        {
            cuts._isCut[runs.First(run)] = true;
        }

        for (var run = 0; run < runs.Count; run++)
        {
            foreach (var child in runs.Children(run))
            {
                cuts.Cut(child.Start);
                cuts.Cut(child.End);
            }
        }

        while (cuts._open.TryPop(out var label))
        {
            cuts.Spread(label);
        }

        return cuts.Starts();
    }

    private void Cut(int label)
    {
        if (label < _runs.LabelCount && !_isCut[label])
        {
            _isCut[label] = true;
            _open.Push(label);
        }
    }

    private void Spread(int label)
    {
        var run = _runs.RunOf(label);
        foreach (var child in _runs.Children(run))
        {
            if (child.Count > 1)
            {
                Cut(child.Start + label - _runs.First(run));
            }
        }

        _found.Clear();
        _parents.ParentsWithin(run, label, _found);
        foreach (var parent in _found)
        {
            Cut(parent);
        }
    }

    private int[] Starts()
    {
        var starts = new List<int>(_runs.Count);
        for (var label = 0; label < _isCut.Length; label++)
        {
            if (_isCut[label])
            {
                starts.Add(label);
            }
        }

        return [.. starts];
    }
}
