namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>Labels that others hang on, directly or through more of them.</summary>
internal sealed class ReachedLabels(RunTable runs)
{
    private readonly bool[] _isWhole = new bool[runs.Count];
    private readonly Dictionary<int, bool[]> _lanes = [];
    private readonly Stack<LabelRange> _open = new();

    /// <summary>True for a label that has been added, or that one of those hangs on.</summary>
    public bool Has(int label)
    {
        var run = runs.RunOf(label);
        return _isWhole[run] || (_lanes.TryGetValue(run, out var lanes) && lanes[label - runs.First(run)]);
    }

    /// <summary>True where a lane of a run is one of them.</summary>
    public bool HasAny(int run) => _isWhole[run] || _lanes.ContainsKey(run);

    /// <summary>Adds labels and all that they hang on.</summary>
    public void Add(LabelRange labels)
    {
        _open.Push(labels);
        while (_open.TryPop(out var range))
        {
            for (var label = range.Start; label < range.End;)
            {
                var run = runs.RunOf(label);
                var count = Math.Min(range.End, runs.End(run)) - label;
                Reach(run, label - runs.First(run), count);
                label += count;
            }
        }
    }

    private void Reach(int run, int lane, int count)
    {
        if (_isWhole[run])
        {
            return;
        }

        if (count == runs.Lanes(run))
        {
            _isWhole[run] = true;
            foreach (var child in runs.Children(run))
            {
                _open.Push(child);
            }

            return;
        }

        if (!_lanes.TryGetValue(run, out var lanes))
        {
            _lanes.Add(run, lanes = new bool[runs.Lanes(run)]);
        }

        for (var i = lane; i < lane + count; i++)
        {
            if (!lanes[i])
            {
                lanes[i] = true;
                foreach (var child in runs.Children(run))
                {
                    _open.Push(new LabelRange(child.Start + (child.Count > 1 ? i : 0), 1));
                }
            }
        }
    }
}
