using Stip.Api.Engine.Caches;

namespace Stip.Api.Engine;

/// <summary>A loaded decoder. One caller at a time.</summary>
internal interface IDecoder : IDisposable
{
    /// <summary>True where it runs on an accelerator.</summary>
    bool IsOnDevice { get; }

    /// <summary>True where memory that no session has touched costs nothing.</summary>
    bool CommitsOnUse { get; }

    /// <summary>False where the runtime keeps what it has recorded for the thread that ran it.</summary>
    bool RunsOnAnyThread { get; }

    /// <summary>True where of a row no more is fetched than is wanted; else every row is given as a whole.</summary>
    bool ReducesRows => false;

    /// <summary>Most tokens of a session that it can run, however long its cache may be.</summary>
    int MostTokens => int.MaxValue;

    /// <summary>True where rows of a step run one after the other, each on its own.</summary>
    bool TakesOneRow => false;

    /// <summary>True where rows that nobody wants are not run: it does not matter which slots lie between others.
    /// </summary>
    bool LeavesOutIdle => false;

    /// <summary>What the last run took for copying rows in and logits out, where that is told apart.</summary>
    TimeSpan Copied => TimeSpan.Zero;

    /// <summary>Bytes of one slot for so many tokens.</summary>
    long SlotBytes(int capacityTokens);

    /// <summary>Bytes of what is kept of a source of so many rows; for models with an encoder only.</summary>
    long SourceBytes(int rows) => throw new NotSupportedException("a decoder on its own reads no source");

    /// <summary>A zeroed arena.</summary>
    /// <exception cref="InsufficientMemoryException">There is no memory for it.</exception>
    ICacheArena AllocateArena(int slots, int capacityTokens);

    /// <summary>Gives a slot what its rows are about: runs the encoder. Called before the run at length 0, and for
    /// models with an encoder only.</summary>
    /// <param name="slot">One slot of an arena of this decoder; what it had is forgotten.</param>
    /// <param name="source">Rows in the graph's type, <c>[rows, hidden]</c>.</param>
    void Read(SlotRange slot, ReadOnlySpan<byte> source) =>
        throw new NotSupportedException("a decoder on its own reads no source");

    /// <summary>Appends the same number of rows to each slot of a range; more than one row, or the first ones after a
    /// source, only to one slot.</summary>
    /// <param name="range">Slots of an arena of this decoder.</param>
    /// <param name="cachedTokens">Rows that count in each slot, <c>[slots]</c>.</param>
    /// <param name="rows">Rows in the graph's type, <c>[slots, rows a slot, hidden]</c>.</param>
    /// <param name="wanted">Which rows, flat over slots and rows, need logits, in their order.</param>
    /// <param name="logits">Receives <c>[wanted, vocab]</c> in the graph's type, joined or row by row, or of each row
    /// what is wanted of it.</param>
    void Run(
        SlotRange range,
        ReadOnlySpan<int> cachedTokens,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<long> wanted,
        LogitsTarget logits);
}
