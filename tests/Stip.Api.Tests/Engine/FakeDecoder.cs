using System.Runtime.InteropServices;
using Stip.Api.Engine;

namespace Stip.Api.Tests.Engine;

/// <summary>A decoder without a graph: every logit is the number of tokens after the step. It can be held.</summary>
internal sealed class FakeDecoder : IDecoder
{
    private readonly ManualResetEventSlim _gate = new(true);

    public ManualResetEventSlim Entered { get; } = new(false);

    public int Caches { get; private set; }

    public int Cleared { get; private set; }

    public bool IsDisposed { get; private set; }

    public Exception? Failure { get; set; }

    public void Hold() => _gate.Reset();

    public void LetGo() => _gate.Set();

    public long CacheBytes(int capacityTokens) => capacityTokens * 1024L;

    public ICache AllocateCache(int capacityTokens)
    {
        Caches++;
        return new FakeCache(this, capacityTokens);
    }

    public void Run(
        ICache cache, int cachedTokens, ReadOnlySpan<byte> rows, int rowCount, bool allRows, Span<byte> logits)
    {
        Entered.Set();
        _gate.Wait(TimeSpan.FromSeconds(30));
        if (Failure is not null)
        {
            throw Failure;
        }

        MemoryMarshal.Cast<byte, float>(logits).Fill(cachedTokens + rowCount);
    }

    public void Dispose() => IsDisposed = true;

    private sealed class FakeCache(FakeDecoder owner, int capacityTokens) : ICache
    {
        public int CapacityTokens => capacityTokens;

        public void Clear(int usedTokens) => owner.Cleared += usedTokens;

        public void Dispose() => owner.Caches--;
    }
}
