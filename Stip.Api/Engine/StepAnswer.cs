using System.Buffers;

namespace Stip.Api.Engine;

/// <summary>What a step left: the session's place and its wanted logits, until it is disposed of.</summary>
/// <param name="disposed">Called once an answer.</param>
internal sealed class StepAnswer(Action disposed) : IDisposable
{
    // What one long prompt took is not kept for the single rows that follow it.
    private const int MostKeptBytes = 1 << 20;
    private byte[] _logits = [];
    private int _logitsBytes;
    private int _isOut;

    /// <summary>What there is of each wanted row.</summary>
    public TopRow Top { get; private set; }

    /// <summary>In the graph's type, <c>[wanted rows, vocab]</c>; or <see cref="Top"/> of each.</summary>
    public ReadOnlyMemory<byte> Logits => _logits.AsMemory(0, _logitsBytes);

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
        if (_logits.Length < bytes)
        {
            ArrayPool<byte>.Shared.Return(_logits);
            _logits = ArrayPool<byte>.Shared.Rent(bytes);
        }

        return _logits.AsMemory(0, bytes);
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

        _logitsBytes = 0;
        if (_logits.Length > MostKeptBytes)
        {
            ArrayPool<byte>.Shared.Return(_logits);
            _logits = [];
        }

        disposed();
    }
}
