namespace Stip.Api.Engine;

/// <summary>What a step left: the session's place and its wanted logits, until it is disposed of.</summary>
/// <param name="disposed">Called once an answer.</param>
internal sealed class StepAnswer(Action disposed) : IDisposable
{
    private TensorRoom _room;
    private int _logitsBytes;
    private int _isOut;

    /// <summary>What there is of each wanted row.</summary>
    public TopRow Top { get; private set; }

    /// <summary>In the graph's type, <c>[wanted rows, vocab]</c>; or <see cref="Top"/> of each.</summary>
    public ReadOnlyMemory<byte> Logits => _room.Memory[.._logitsBytes];

    /// <summary>Null where the session was not kept.</summary>
    public string? SessionId { get; private set; }

    public int CachedBefore { get; private set; }

    /// <summary>Cache length after the step.</summary>
    public int Position { get; private set; }

    /// <summary>True where no row fits any more.</summary>
    public bool IsFull { get; private set; }

    public StepTimes Times { get; private set; }

    /// <summary>Room for so many bytes of logits.</summary>
    public Memory<byte> Reserve(int bytes)
    {
        if (_room.Bytes < bytes)
        {
            _room.Return();
            _room = default;
            _room = TensorRoom.Rent(bytes);
        }

        return _room.Memory[..bytes];
    }

    public void Fill(
        TopRow top,
        int logitsBytes,
        string? sessionId,
        int cachedBefore,
        int position,
        bool isFull,
        StepTimes times)
    {
        (Top, _logitsBytes, SessionId, CachedBefore) = (top, logitsBytes, sessionId, cachedBefore);
        (Position, IsFull, Times) = (position, isFull, times);
        Volatile.Write(ref _isOut, 1);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOut, 0) == 0)
        {
            return;
        }

        Abandon();
        disposed();
    }

    /// <summary>Lets go of what was reserved for logits that nobody gets.</summary>
    public void Abandon()
    {
        _logitsBytes = 0;
        // What one long prompt took is not kept for the single rows that follow it.
        if (_room.Bytes > TensorRoom.MostPooledBytes)
        {
            _room.Return();
            _room = default;
        }
    }
}
