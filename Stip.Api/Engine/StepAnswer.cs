using System.Buffers;

namespace Stip.Api.Engine;

/// <summary>What a step left: the session's place and its wanted logits, in a pooled buffer.</summary>
internal sealed class StepAnswer(
    byte[] logits,
    int logitsBytes,
    string? sessionId,
    int cachedBefore,
    int position,
    bool isFull,
    StepTimes times)
    : IDisposable
{
    /// <summary>In the graph's type, <c>[wanted rows, vocab]</c>.</summary>
    public ReadOnlyMemory<byte> Logits => logits.AsMemory(0, logitsBytes);

    /// <summary>Null where the session was not kept.</summary>
    public string? SessionId => sessionId;

    public int CachedBefore => cachedBefore;

    /// <summary>Cache length after the step.</summary>
    public int Position => position;

    /// <summary>True where no row fits any more.</summary>
    public bool IsFull => isFull;

    public StepTimes Times => times;

    public void Dispose() => ArrayPool<byte>.Shared.Return(logits);
}
