namespace Stip.Api.Engine;

/// <summary>A loaded decoder. One caller at a time.</summary>
internal interface IDecoder : IDisposable
{
    /// <summary>Bytes of a cache for so many tokens.</summary>
    long CacheBytes(int capacityTokens);

    /// <summary>A zeroed cache.</summary>
    /// <exception cref="InsufficientMemoryException">There is no memory for it.</exception>
    ICache AllocateCache(int capacityTokens);

    /// <summary>Appends rows to a cache.</summary>
    /// <param name="cache">A cache of this decoder.</param>
    /// <param name="cachedTokens">Rows of it that count.</param>
    /// <param name="rows">Rows in the graph's type, <c>[rowCount, hidden]</c>.</param>
    /// <param name="rowCount">At least 1.</param>
    /// <param name="allRows">True for the logits of every row, false for those of the last.</param>
    /// <param name="logits">Receives <c>[rowCount or 1, vocab]</c> in the graph's type.</param>
    void Run(ICache cache, int cachedTokens, ReadOnlySpan<byte> rows, int rowCount, bool allRows, Span<byte> logits);
}
