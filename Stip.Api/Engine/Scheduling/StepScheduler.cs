namespace Stip.Api.Engine.Scheduling;

/// <summary>Decides what runs next. Bookkeeping only: no tensors, no clock, no I/O.</summary>
/// <remarks>Single rows of many sessions run together. Longer steps run in chunks, one between any two batches of
/// single rows, so that nobody's next token waits for another's prompt; and so does a row that comes with a source:
/// first the encoder, then the row.</remarks>
internal sealed class StepScheduler<T>(int maxBatch)
    where T : class, IScheduled
{
    private readonly OwnerQueue<T> _single = new();
    private readonly OwnerQueue<T> _long = new();
    private T? _next;
    private bool _wasChunk;
    private int _lastBatch;

    public int Waiting => _single.Count + Longer;

    /// <summary>True where at most one session has been active lately.</summary>
    public bool IsSolo => _lastBatch <= 1 && Waiting <= 1;

    /// <summary>True where single rows wait, but fewer than ran or waited at the end of the last batch: those that
    /// are missing come back in a moment, and without them closed loops fall apart into batches of few and many.
    /// </summary>
    public bool ShouldGather => Missing > 0;

    /// <summary>How many single rows are waited for; 0 where nothing is.</summary>
    public int Missing => _lastBatch > 1 && Longer == 0
        ? Math.Max(0, Math.Min(_lastBatch, maxBatch) - _single.Count)
        : 0;

    private int Longer => _long.Count + (_next is null ? 0 : 1);

    public void Add(T step) => (step.IsLong ? _long : _single).Add(step);

    /// <summary>Puts a longer step back after a chunk of it.</summary>
    public void AddAgain(T step) => _long.Add(step);

    /// <summary>Puts the longer step back that ran last, before all others: what it has left belongs to the same
    /// turn.</summary>
    public void AddNext(T step) => _next = step;

    /// <summary>Fills <paramref name="batch"/> with single rows, or with one longer step whose next chunk is due. A
    /// step that is not done after its turn is added again</summary>
    public void Next(List<T> batch)
    {
        batch.Clear();
        if (Longer > 0 && (_single.Count == 0 || !_wasChunk))
        {
            _wasChunk = true;
            batch.Add(_next ?? _long.Take()!);
            _next = null;
            return;
        }

        _wasChunk = false;
        while (batch.Count < maxBatch && _single.Take() is { } step)
        {
            batch.Add(step);
        }
    }

    /// <summary>Tells that a batch of single rows is over and who waits by now.</summary>
    public void Ran(int sessions) => _lastBatch = sessions + _single.Count;
}
