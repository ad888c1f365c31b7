using System.Runtime.InteropServices;

namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>Brings a set of labels, some of them several times, into the one form that equal sets have.</summary>
internal sealed class LabelRanges(RunTable runs)
{
    private readonly List<LabelRange> _ranges = [];
    private readonly List<LabelRange> _merged = [];

    /// <summary>
    /// Sorted ranges that do not overlap, each within a run and as long as can be; one that occurs several times is
    /// there several times. Good until the next call.
    /// </summary>
    public ReadOnlySpan<LabelRange> Of(ReadOnlySpan<int> labels)
    {
        Collect(labels);
        _ranges.Sort((left, right) => left.Start != right.Start ? left.Start - right.Start : left.Count - right.Count);
        if (HasOverlaps())
        {
            Separate();
        }

        Merge();
        return CollectionsMarshal.AsSpan(_merged);
    }

    private void Collect(ReadOnlySpan<int> labels)
    {
        _ranges.Clear();
        for (var i = 0; i < labels.Length;)
        {
            var count = 1;
            if (i + 1 < labels.Length && labels[i + 1] == labels[i] + 1)
            {
                var most = Math.Min(runs.End(runs.RunOf(labels[i])) - labels[i], labels.Length - i);
                while (count < most && labels[i + count] == labels[i] + count)
                {
                    count++;
                }
            }

            _ranges.Add(new LabelRange(labels[i], count));
            i += count;
        }
    }

    private bool HasOverlaps()
    {
        for (var i = 1; i < _ranges.Count; i++)
        {
            if (_ranges[i].Start < _ranges[i - 1].End)
            {
                return true;
            }
        }

        return false;
    }

    // Cuts overlapping ranges wherever one starts or ends, and keeps each part as often as it is covered.
    private void Separate()
    {
        int[] starts = [.. _ranges.Select(range => range.Start)];
        int[] ends = [.. _ranges.Select(range => range.End).Order()];
        _ranges.Clear();
        var (started, ended, at) = (0, 0, starts[0]);
        while (ended < ends.Length)
        {
            var next = started < starts.Length ? Math.Min(starts[started], ends[ended]) : ends[ended];
            for (var times = started - ended; times > 0 && next > at; times--)
            {
                _ranges.Add(new LabelRange(at, next - at));
            }

            at = next;
            while (started < starts.Length && starts[started] == at)
            {
                started++;
            }

            while (ended < ends.Length && ends[ended] == at)
            {
                ended++;
            }
        }
    }

    // Parts of one run that follow each other and occur equally often become one again.
    private void Merge()
    {
        _merged.Clear();
        for (var i = 0; i < _ranges.Count;)
        {
            var range = _ranges[i];
            var times = Times(i);
            i += times;
            while (i < _ranges.Count && _ranges[i].Start == range.End && Times(i) == times
                && runs.End(runs.RunOf(range.Start)) > range.End)
            {
                range = new LabelRange(range.Start, range.Count + _ranges[i].Count);
                i += times;
            }

            for (var time = 0; time < times; time++)
            {
                _merged.Add(range);
            }
        }
    }

    private int Times(int first)
    {
        var next = first + 1;
        while (next < _ranges.Count && _ranges[next] == _ranges[first])
        {
            next++;
        }

        return next - first;
    }
}
