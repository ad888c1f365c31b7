namespace Stip.Api.Engine.Scheduling;

/// <summary>Waiting steps, dealt out in turns between their owners, first come first served within one.</summary>
internal sealed class OwnerQueue<T>
    where T : class, IScheduled
{
    private readonly Dictionary<string, Queue<T>> _byOwner = new(StringComparer.Ordinal);
    private readonly Queue<string> _turns = new();
    private readonly Stack<Queue<T>> _spare = new();

    public int Count { get; private set; }

    public void Add(T step)
    {
        if (!_byOwner.TryGetValue(step.Owner, out var own))
        {
            _byOwner.Add(step.Owner, own = _spare.TryPop(out var spare) ? spare : new Queue<T>());
            _turns.Enqueue(step.Owner);
        }

        own.Enqueue(step);
        Count++;
    }

    /// <summary>What <see cref="Take"/> would give.</summary>
    public T? Peek() => _turns.TryPeek(out var owner) ? _byOwner[owner].Peek() : null;

    /// <summary>The next in turn, or null.</summary>
    public T? Take()
    {
        if (!_turns.TryDequeue(out var owner))
        {
            return null;
        }

        var own = _byOwner[owner];
        var step = own.Dequeue();
        Count--;
        if (own.Count > 0)
        {
            _turns.Enqueue(owner);
        }
        else
        {
            _byOwner.Remove(owner);
            _spare.Push(own);
        }

        return step;
    }
}
