using System.Runtime.InteropServices;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;

namespace Stip.Api.Tests.Engine;

/// <summary>A decoder without a graph: every logit is the number of tokens after the step. It can be held.</summary>
internal sealed class FakeDecoder : IDecoder
{
    private readonly ManualResetEventSlim _gate = new(true);

    public ManualResetEventSlim Entered { get; } = new(false);

    public int Arenas { get; private set; }

    public int Cleared { get; private set; }

    public bool IsDisposed { get; private set; }

    public Exception? Failure { get; set; }

    /// <summary>What clearing a slot throws: the device is lost.</summary>
    public Exception? ClearFailure { get; set; }

    /// <summary>What freeing an arena throws then.</summary>
    public Exception? FreeFailure { get; set; }

    /// <summary>Ranges that ran: slots and rows a slot.</summary>
    public List<(int Slots, int Rows)> Runs { get; } = [];

    /// <summary>Called before a run, on the loop's thread, with the rows of a slot.</summary>
    public Action<int>? BeforeRun { get; set; }

    public bool IsOnDevice => false;

    public bool CommitsOnUse { get; set; } = true;

    public bool RunsOnAnyThread => true;

    public int MostTokens { get; set; } = int.MaxValue;

    /// <summary>Largest arena that can be had.</summary>
    public int MostSlots { get; set; } = int.MaxValue;

    public void Hold() => _gate.Reset();

    public void LetGo() => _gate.Set();

    public long SlotBytes(int capacityTokens) => capacityTokens * 1024L;

    public ICacheArena AllocateArena(int slots, int capacityTokens)
    {
        if (slots > MostSlots)
        {
            throw new InsufficientMemoryException();
        }

        Arenas++;
        return new FakeArena(this, slots, capacityTokens);
    }

    public void Run(
        SlotRange range,
        ReadOnlySpan<int> cachedTokens,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<long> wanted,
        LogitsTarget logits)
    {
        Entered.Set();
        _gate.Wait(TimeSpan.FromSeconds(30));
        if (Failure is not null)
        {
            throw Failure;
        }

        var rowsOfASlot = rows.Length / sizeof(float) / FakeRuntime.Hidden / range.Count;
        BeforeRun?.Invoke(rowsOfASlot);
        Runs.Add((range.Count, rowsOfASlot));
        for (var i = 0; i < wanted.Length; i++)
        {
            var (slot, row) = Math.DivRem((int)wanted[i], rowsOfASlot);
            MemoryMarshal.Cast<byte, float>(logits.Row(i, FakeRuntime.Vocab * sizeof(float)))
                .Fill(cachedTokens[slot] + row + 1);
        }
    }

    public void Dispose() => IsDisposed = true;

    private sealed class FakeArena(FakeDecoder owner, int slots, int capacityTokens) : ICacheArena
    {
        public int Slots => slots;

        public int CapacityTokens => capacityTokens;

        public void Clear(int slot, int usedTokens) =>
            owner.Cleared += owner.ClearFailure is { } failure ? throw failure : usedTokens;

        public void Copy(int source, ICacheArena targetArena, int target, int usedTokens)
        {
        }

        public void Dispose()
        {
            owner.Arenas--;
            if (owner.FreeFailure is { } failure)
            {
                throw failure;
            }
        }
    }
}
