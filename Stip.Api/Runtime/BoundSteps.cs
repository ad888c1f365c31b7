using Stip.Api.Engine.Caches;

namespace Stip.Api.Runtime;

/// <summary>The bindings that were used last: making one costs as much as a small step.</summary>
internal sealed class BoundSteps(Func<SlotRange, int, int, BoundStep> make) : IDisposable
{
    private const int MostKept = 128;
    private const int FewOthers = 16;
    private const long MostBytes = 64 << 20;
    private readonly Dictionary<(SlotRange Range, int Rows, int Wanted), LinkedListNode<Kept>> _byShape = [];
    private readonly LinkedList<Kept> _byUse = new();

    /// <summary>The binding of so many rows a slot, valid until the next call.</summary>
    public BoundStep Get(SlotRange range, int rows, int wanted)
    {
        if (_byShape.TryGetValue((range, rows, wanted), out var node))
        {
            _byUse.Remove(node);
            _byUse.AddFirst(node);
            return node.Value.Step;
        }

        while (_byUse.Count == MostKept || (_byUse.Count > 0 && Bytes() > MostBytes))
        {
            Drop(Least());
        }

        var step = make(range, rows, wanted);
        _byShape.Add((range, rows, wanted), _byUse.AddFirst(new Kept((range, rows, wanted), step)));
        return step;
    }

    /// <summary>Lets go of what is bound to an arena that ends.</summary>
    public void Forget(ICacheArena arena)
    {
        foreach (var kept in _byUse.Where(kept => kept.Key.Range.Arena == arena).ToArray())
        {
            Drop(_byShape[kept.Key]);
        }
    }

    public void Dispose()
    {
        while (_byUse.First is { } node)
        {
            Drop(node);
        }
    }

    // The one used longest ago, but no recorded one while there are many others: prompts of many lengths come and go,
    // and recordings are of steps that come again. Few others are the steps of now, which are to be recorded next.
    private LinkedListNode<Kept> Least()
    {
        var others = _byUse.Count(kept => !kept.Step.IsRecorded);
        var node = _byUse.Last!;
        while (others > FewOthers && node.Value.Step.IsRecorded)
        {
            node = node.Previous!;
        }

        return node;
    }

    // Counted when it matters: a step grows with what is asked of its logits.
    private long Bytes() => _byUse.Sum(kept => kept.Step.Bytes);

    private void Drop(LinkedListNode<Kept> node)
    {
        _byUse.Remove(node);
        _byShape.Remove(node.Value.Key);
        node.Value.Step.Dispose();
    }

    private sealed record Kept((SlotRange Range, int Rows, int Wanted) Key, BoundStep Step);
}
