using Stip.Protocol.Completions;
using Stip.Protocol.Errors;

namespace Stip.Api.Engine.Caches;

/// <summary>The arenas of one model: one for each class of lengths, so that a long session does not starve many
/// short ones. Owned by the model's loop.</summary>
internal sealed class SlotPool : IDisposable
{
    private readonly IDecoder _decoder;
    private readonly string _model;
    private readonly CacheBudget _budget;
    private readonly int _slots;
    private readonly int[] _classes; // shortest first
    private readonly SlotArena?[] _arenas;

    public SlotPool(IDecoder decoder, DecoderSnapshot snapshot, CacheBudget budget, int slots)
    {
        (_decoder, _model, _budget, _slots) = (decoder, snapshot.Model, budget, slots);
        var classes = LengthClasses.Of(snapshot.ContextLength);
        // Where a cache is no larger for it, sessions of all lengths have one arena, and run together.
        _classes =
        [
            .. classes.Where((length, i) => i == classes.Length - 1
                || decoder.SlotBytes(length) < decoder.SlotBytes(classes[i + 1])),
        ];
        _arenas = new SlotArena?[_classes.Length];
    }

    /// <summary>Most tokens of a session that can be run.</summary>
    public int MostTokens => _decoder.MostTokens;

    public int HeldSlots => _arenas.Sum(arena => arena?.HeldSlots ?? 0);

    /// <summary>True where not their memory but the number of sessions is what there is no more of.</summary>
    public bool IsFull => HeldSlots >= _slots;

    /// <summary>What is paid for of arenas without a session. For any thread, which may find it changed.</summary>
    public long UnusedBytes => Enumerable.Range(0, _arenas.Length)
        .Where(i => _arenas[i]?.HeldSlots == 0).Sum(PaidBytes);

    public IEnumerable<SlotArena> Arenas => _arenas.OfType<SlotArena>();

    /// <summary>A zeroed slot of the shortest class that holds so many tokens and has room.</summary>
    public Outcome<(SlotArena Arena, int Slot)> Find(int maxLength, TimeSpan retryAfter)
    {
        if (IsFull)
        {
            return Full($"all {_slots} sessions of model '{_model}' are in use", retryAfter);
        }

        Refusal? refusal = null;
        for (var i = 0; i < _classes.Length; i++)
        {
            if (_classes[i] < maxLength)
            {
                continue;
            }

            if (FindIn(i, retryAfter).Is(out var place, out var no))
            {
                return place;
            }

            refusal ??= no;
        }

        return refusal ?? throw new InvalidOperationException("lengths are judged before");
    }

    /// <summary>What a session keeps of a source of so many rows.</summary>
    public long SourceBytes(int rows) => _decoder.SourceBytes(rows);

    /// <summary>Makes room for what a session keeps of its source; null where there is.</summary>
    /// <param name="session">Pays for no more than its largest source until it is released.</param>
    /// <param name="bytes">What the source takes.</param>
    /// <param name="retryAfter">When there may be room.</param>
    public Refusal? Reserve(SessionState session, long bytes, TimeSpan retryAfter)
    {
        if (bytes > _budget.LimitBytes - _decoder.SlotBytes(_classes[0]))
        {
            return new Refusal(
                StipErrorCode.ContextLengthExceeded,
                $"the source needs {Mebibytes(bytes)} MiB of cache beside the session's own, "
                    + $"there are {_budget.LimitBytes >> 20}",
                CompletionFields.EncoderInputsEmbeds);
        }

        var more = bytes - session.SourceBytes;
        if (more > 0 && !TryTake(more, wanted: -1))
        {
            return Full(
                $"a source needs {Mebibytes(bytes)} MiB of cache, {Math.Max(_budget.FreeBytes, 0) >> 20} MiB are free",
                retryAfter) with
            { LacksCache = true };
        }

        session.SourceBytes = Math.Max(bytes, session.SourceBytes);
        return null;
    }

    /// <summary>Gives back what a session's source took.</summary>
    public void Free(SessionState session)
    {
        _budget.GiveBack(session.SourceBytes);
        session.SourceBytes = 0;
    }

    /// <summary>True where there is memory for a session of so many tokens, with what other models may have, were
    /// there one session more.</summary>
    public bool HasMemoryFor(int maxLength) =>
        Enumerable.Range(0, _classes.Length).Any(i => _classes[i] >= maxLength && HasMemoryIn(i));

    /// <summary>True where another model may have what this refusal is for want of.</summary>
    public bool CanBorrow(Refusal refusal) => refusal.LacksCache && _budget.UnusedBytesBeside(this) > 0;

    /// <summary>Lets go of the arenas without a session.</summary>
    public void GiveBackUnused()
    {
        for (var i = 0; i < _arenas.Length; i++)
        {
            if (_arenas[i]?.HeldSlots == 0)
            {
                LostDevice.Outlast(i, Drop);
            }
        }
    }

    public void Dispose()
    {
        _budget.Forget(this);
        for (var i = 0; i < _arenas.Length; i++)
        {
            LostDevice.Outlast(i, Drop);
        }
    }

    private Outcome<(SlotArena Arena, int Slot)> FindIn(int index, TimeSpan retryAfter)
    {
        var bytes = _decoder.SlotBytes(_classes[index]);
        if (bytes > _budget.LimitBytes)
        {
            return new Refusal(
                StipErrorCode.ContextLengthExceeded,
                $"max_length {_classes[index]} needs {Mebibytes(bytes)} MiB of cache, "
                    + $"there are {_budget.LimitBytes >> 20}",
                "max_length");
        }

        var arena = _arenas[index] ??= Allocate(index, bytes);
        var slot = arena?.FirstFree() ?? -1;
        if (arena is null || slot < 0)
        {
            return NoRoom(_classes[index], bytes, retryAfter);
        }

        var unpaid = _decoder.CommitsOnUse ? Math.Max(0, slot + 1 - arena.PaidSlots) : 0;
        return unpaid == 0 || TryTake(unpaid * bytes, index)
            ? (arena, slot)
            : NoRoom(_classes[index], bytes, retryAfter);
    }

    private bool HasMemoryIn(int index)
    {
        var arena = _arenas[index];
        var slot = arena?.FirstFree() ?? 0;
        var isPaid = arena is not null && (slot < arena.PaidSlots || !_decoder.CommitsOnUse);
        return slot >= 0 && (isPaid || _decoder.SlotBytes(_classes[index])
            <= _budget.FreeBytes + UnusedBytes + _budget.UnusedBytesBeside(this));
    }

    private long PaidBytes(int index) => _arenas[index] is { } arena
        ? (_decoder.CommitsOnUse ? arena.PaidSlots : arena.Cache.Slots) * _decoder.SlotBytes(_classes[index])
        : 0;

    private SlotArena? Allocate(int index, long slotBytes)
    {
        var most = _decoder.CommitsOnUse ? _budget.LimitBytes : _budget.FreeBytes / 2;
        // One more than sessions, so that there is always room to move one. Memory may be in more pieces than it seems:
        // what cannot be had at once is tried by halves.
        for (var slots = (int)Math.Clamp(most / slotBytes, 1, _slots + 1); slots > 0; slots /= 2)
        {
            if (TryAllocate(index, slots, slotBytes) is { } arena)
            {
                return arena;
            }
        }

        return null;
    }

    private SlotArena? TryAllocate(int index, int slots, long slotBytes)
    {
        if (!_decoder.CommitsOnUse && !TryTake(slots * slotBytes, index))
        {
            return null;
        }

        try
        {
            return new SlotArena(_decoder.AllocateArena(slots, _classes[index]));
        }
        catch (InsufficientMemoryException)
        {
            if (!_decoder.CommitsOnUse)
            {
                _budget.GiveBack(slots * slotBytes);
            }

            return null;
        }
    }

    // Arenas without a session make room.
    private bool TryTake(long bytes, int wanted)
    {
        if (_budget.TryTake(bytes))
        {
            return true;
        }

        for (var i = 0; i < _arenas.Length; i++)
        {
            if (i != wanted && _arenas[i]?.HeldSlots == 0)
            {
                Drop(i);
            }
        }

        return _budget.TryTake(bytes);
    }

    private void Drop(int index)
    {
        if (_arenas[index] is { } arena)
        {
            // Once, also where a lost device cannot free it.
            var bytes = PaidBytes(index);
            _arenas[index] = null;
            try
            {
                arena.Cache.Dispose();
            }
            finally
            {
                _budget.GiveBack(bytes);
            }
        }
    }

    private Refusal NoRoom(int capacity, long bytes, TimeSpan retryAfter) => Full(
        $"a session of {capacity} tokens needs {Mebibytes(bytes)} MiB of cache, "
            + $"{Math.Max(_budget.FreeBytes, 0) >> 20} MiB are free", retryAfter) with
    { LacksCache = true };

    // What is needed is rounded up and what is there down, or a session of 1.5 MiB would not fit into "1 of 1".
    private static long Mebibytes(long bytes) => (bytes + (1 << 20) - 1) >> 20;

    private static Refusal Full(string message, TimeSpan retryAfter) =>
        new(StipErrorCode.ServerOverloaded, message, CompletionFields.NoRoom, retryAfter);
}
