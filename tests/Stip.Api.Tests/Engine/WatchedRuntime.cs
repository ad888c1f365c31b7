using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Api.Tests.Models;

namespace Stip.Api.Tests.Engine;

/// <summary>A runtime whose decoders can be held, and tell which slots ran together.</summary>
internal sealed class WatchedRuntime(IGraphRuntime inner) : IGraphRuntime, IDisposable
{
    private readonly ManualResetEventSlim _gate = new(true);

    public ManualResetEventSlim Entered { get; } = new(false);

    /// <summary>Lengths of the sessions whose logits each run gave.</summary>
    public List<int[]> Runs { get; } = [];

    /// <summary>Everything in its order: lengths of sources as they are read, and of sessions as their rows run.
    /// </summary>
    public List<string> Turns { get; } = [];

    /// <summary>What runs throw, as a lost device does.</summary>
    public Exception? Failure { get; set; }

    public string Provider => inner.Provider;

    public void Hold()
    {
        Entered.Reset();
        _gate.Reset();
    }

    public void LetGo() => _gate.Set();

    public IDecoder LoadDecoder(DecoderSnapshot decoder) => new Decoder(this, inner.LoadDecoder(decoder));

    public IForwardGraph LoadForward(string graphPath) => inner.LoadForward(graphPath);

    public GraphSignature Inspect(string graphPath) => inner.Inspect(graphPath);

    public void Dispose()
    {
        _gate.Dispose();
        Entered.Dispose();
    }

    private sealed class Decoder(WatchedRuntime owner, IDecoder decoder) : IDecoder
    {
        public bool IsOnDevice => decoder.IsOnDevice;

        public bool CommitsOnUse => decoder.CommitsOnUse;

        public bool RunsOnAnyThread => decoder.RunsOnAnyThread;

        public bool LeavesOutIdle => decoder.LeavesOutIdle;

        public long SlotBytes(int capacityTokens) => decoder.SlotBytes(capacityTokens);

        public long SourceBytes(int rows) => decoder.SourceBytes(rows);

        public void Read(SlotRange slot, ReadOnlySpan<byte> source)
        {
            owner.Entered.Set();
            owner._gate.Wait(TimeSpan.FromSeconds(30));
            owner.Turns.Add($"read {source.Length / sizeof(float) / TinyDecoder.HiddenSize}");
            decoder.Read(slot, source);
        }

        public ICacheArena AllocateArena(int slots, int capacityTokens) => decoder.AllocateArena(slots, capacityTokens);

        public void Run(
            SlotRange range,
            ReadOnlySpan<int> cachedTokens,
            ReadOnlySpan<byte> rows,
            ReadOnlySpan<long> wanted,
            LogitsTarget logits)
        {
            owner.Entered.Set();
            owner._gate.Wait(TimeSpan.FromSeconds(30));
            var lengths = new List<int>();
            foreach (var row in wanted)
            {
                lengths.Add(cachedTokens[Math.Min((int)row, cachedTokens.Length - 1)]);
            }

            lock (owner.Runs)
            {
                owner.Runs.Add([.. lengths]);
                owner.Turns.Add($"run {string.Join(' ', lengths)}");
            }

            if (owner.Failure is { } failure)
            {
                throw failure;
            }

            decoder.Run(range, cachedTokens, rows, wanted, logits);
        }

        public void Dispose() => decoder.Dispose();
    }
}
