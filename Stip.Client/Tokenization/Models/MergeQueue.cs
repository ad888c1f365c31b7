namespace Stip.Client.Tokenization.Models;

/// <summary>
/// Applies merges to one word, lowest rank first and leftmost among equals, in n log n:
/// a linked list of symbols and a queue whose stale entries are recognised when they come out.
/// </summary>
internal sealed class MergeQueue(BpeMerges merges)
{
    private readonly PriorityQueue<(int Position, int Joined), long> _waiting = new();
    private int[] _symbols = [];
    private int[] _previous = [];
    private int[] _next = [];

    public void Merge(List<int> word, List<int> ids)
    {
        Load(word);
        while (_waiting.TryDequeue(out var candidate, out _))
        {
            Apply(candidate.Position, candidate.Joined);
        }

        for (var i = word.Count == 0 ? -1 : 0; i >= 0; i = _next[i])
        {
            ids.Add(_symbols[i]);
        }
    }

    private void Load(List<int> word)
    {
        var count = word.Count;
        if (_symbols.Length < count)
        {
            _symbols = new int[count];
            _previous = new int[count];
            _next = new int[count];
        }

        word.CopyTo(_symbols);
        for (var i = 0; i < count; i++)
        {
            _previous[i] = i - 1;
            _next[i] = i + 1 < count ? i + 1 : -1;
        }

        for (var i = 0; i + 1 < count; i++)
        {
            Consider(i);
        }
    }

    private void Consider(int position)
    {
        if (merges.TryGet(_symbols[position], _symbols[_next[position]], out var merge))
        {
            _waiting.Enqueue((position, merge.Id), ((long)merge.Rank << 32) | (uint)position);
        }
    }

    private void Apply(int position, int joined)
    {
        // A symbol that was swallowed keeps -1; a pair that changed since it was queued makes something else.
        var right = _symbols[position] < 0 ? -1 : _next[position];
        if (right < 0 || !merges.TryGet(_symbols[position], _symbols[right], out var merge) || merge.Id != joined)
        {
            return;
        }

        _symbols[position] = joined;
        _symbols[right] = -1;
        _next[position] = _next[right];
        if (_next[position] >= 0)
        {
            _previous[_next[position]] = position;
            Consider(position);
        }

        if (_previous[position] >= 0)
        {
            Consider(_previous[position]);
        }
    }
}
