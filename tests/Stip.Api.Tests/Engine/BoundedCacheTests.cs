using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Api.Runtime;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Engine;

/// <summary>Layers with a window keep the newest tokens and no more; the first layer keeps all.</summary>
public sealed class BoundedCacheTests : IDisposable
{
    private const int Window = 12;
    private const int Spare = 5; // 17 rows; with 18, 24, 30 … tokens all but 12 go
    private const int MaxLength = 90;

    // Logits are 1 to 5; the kernel sums the same products in blocks that begin elsewhere.
    private const float Tolerance = 1e-5f;

    private readonly RealEngine _engine = new(window: Window);

    public BoundedCacheTests() => _engine.Options.SpareTokens = Spare;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _engine.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(70)]
    public async Task Steps_FarBeyondTheWindow_AnswerAsWithTheWholeCache(int rows)
    {
        using var whole = new RealEngine(window: Window, isBounded: false);
        await using var bounded = _engine.Host();
        await using var full = whole.Host();
        string? left = null, right = null;
        for (var position = 0; position + rows <= MaxLength; position += rows)
        {
            (left, var mine) = await StepAsync(_engine, bounded, left, position, rows);
            (right, var theirs) = await StepAsync(whole, full, right, position, rows);
            Assert.InRange(TensorPrimitives.Distance<float>(mine, theirs), 0, Tolerance);
        }
    }

    [Fact]
    public async Task Rewind_ToWhatIsStillKept_IsExact_AndBeyondItLosesTheSession()
    {
        await using var host = _engine.Host();
        var expected = new Dictionary<int, float[]>();
        string? id = null;
        for (var position = 0; position < 29; position++)
        {
            (id, expected[position]) = await StepAsync(_engine, host, id, position, 1);
        }

        // 29 tokens: the last that went, went for the 24th.
        for (var position = 28; position >= 24; position--)
        {
            (id, var again) = await StepAsync(_engine, host, id, position, 1);
            Assert.Equal(expected[position], again);
        }

        Assert.Equal(StipErrorCode.SessionLost, await RefusedAsync(host, id!, 23));
        Assert.Equal(StipErrorCode.SessionLost, await RefusedAsync(host, id!, 25));
        Assert.Empty(await host.SessionsOfAsync("alice", Cancellation));
    }

    [Fact]
    public async Task Rewind_ToTheStart_BeginsAnew()
    {
        await using var host = _engine.Host();
        var (id, first) = await StepAsync(_engine, host, null, 0, 60);

        (_, var again) = await StepAsync(_engine, host, id, 0, 60);

        Assert.Equal(first, again);
    }

    [Fact]
    public async Task Fork_OfASessionThatLetTokensGo_GoesOnAsItDoes()
    {
        await using var host = _engine.Host();
        var (id, _) = await StepAsync(_engine, host, null, 0, 40);
        (_, var next) = await StepAsync(_engine, host, id, 40, 1);

        var forked = await host.ForkAsync("alice", id, 40, MaxLength, Cancellation);
        Assert.True(forked.Is(out var fork, out var refusal), refusal?.Message);
        (_, var same) = await StepAsync(_engine, host, fork.Id, 40, 1);
        var early = await host.ForkAsync("alice", id, 35, null, Cancellation);

        Assert.Equal(next, same);
        Assert.Equal(StipErrorCode.SessionLost, early.Refusal?.Code);
        // What cannot be shared is still there.
        Assert.Equal(2, (await host.SessionsOfAsync("alice", Cancellation)).Count);
    }

    /// <summary>A row of nobody would make all but a window of its tokens go.</summary>
    [Fact]
    public async Task FullSession_BetweenOthersThatRunTogether_IsNotTakenAlong()
    {
        using var watched = new WatchedRuntime(RealEngine.Runtime(_engine.Options));
        _engine.Watched = watched;
        await using var host = _engine.Host();
        var ids = new List<string>();
        for (var i = 0; i < 8; i++)
        {
            ids.Add((await StepAsync(_engine, host, null, 0, Window + Spare)).Session);
        }

        watched.Hold();
        var first = Task.Run(() => StepAsync(_engine, host, ids[7], Window + Spare, 1), Cancellation);
        watched.Entered.Wait(Cancellation);
        var others = ids.Take(7).Where((_, i) => i != 3)
            .Select(id => StepAsync(_engine, host, id, Window + Spare, 1)).ToArray();
        watched.LetGo();
        await Task.WhenAll([first, .. others]);
        var (_, idle) = await StepAsync(_engine, host, ids[3], Window + Spare, 1);

        Assert.Contains(watched.Runs, run => run.Length > 2);
        Assert.All(await Task.WhenAll(others), other => Assert.Equal(idle, other.Logits));
    }

    [Theory]
    [InlineData(25, true)] // 26 tokens are kept behind the same first one
    [InlineData(23, false)] // for the 24th others go
    public async Task FailedStep_CostsTheSessionOnlyWhereTokensWentForIt(int position, bool isKept)
    {
        using var watched = new WatchedRuntime(RealEngine.Runtime(_engine.Options));
        _engine.Watched = watched;
        await using var host = _engine.Host();
        var (id, _) = await StepAsync(_engine, host, null, 0, position);
        watched.Failure = new InvalidOperationException("the device is gone");
        await Assert.ThrowsAsync<InvalidOperationException>(() => StepAsync(_engine, host, id, position, 1));
        watched.Failure = null;

        Assert.Equal(isKept ? 1 : 0, (await host.SessionsOfAsync("alice", Cancellation)).Count);
    }

    [Fact]
    public void Arena_HasRoomForTheWindowOnly_AndIsZeroedWhole()
    {
        const int Tokens = 40;
        using var whole = new RealEngine(window: Window, isBounded: false);
        using var decoder = RealEngine.Runtime(_engine.Options).LoadDecoder(_engine.Snapshot);
        using var full = RealEngine.Runtime(_engine.Options).LoadDecoder(whole.Snapshot);
        using var arena = (HostArena)decoder.AllocateArena(2, MaxLength);
        using var step = _engine.Step(null, 0, Tokens, 7, false, MaxLength);
        var logits = new byte[_engine.Snapshot.VocabSize * sizeof(float)];

        decoder.Run(new SlotRange(arena, 1, 1), [0], step.Rows, [Tokens - 1], new LogitsTarget(logits, default));
        var written = Rows(arena);
        arena.Clear(1, Tokens);

        // Two layers of keys and values, 16 floats a token.
        Assert.Equal(4 * MaxLength * 64, full.SlotBytes(MaxLength));
        Assert.Equal(2 * (MaxLength + Window + Spare) * 64, decoder.SlotBytes(MaxLength));
        Assert.NotEqual(0, written.Sum(Math.Abs));
        Assert.Equal(0, Rows(arena).Sum(Math.Abs));
    }

    private static float[] Rows(HostArena arena)
    {
        var bytes = new byte[(Window + Spare) * 64];
        arena.Read(tensor: 2, slot: 1, firstHead: 0, Window + Spare, bytes);
        return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
    }

    private static async Task<StipErrorCode?> RefusedAsync(
        RealEngine engine, DecoderHost host, string session, int position)
    {
        using var step = engine.Step(session, position, 1, 7, false, MaxLength);
        return (await host.StepAsync("alice", step, Cancellation)).Refusal?.Code;
    }

    private Task<StipErrorCode?> RefusedAsync(DecoderHost host, string session, int position) =>
        RefusedAsync(_engine, host, session, position);

    private static async Task<(string Session, float[] Logits)> StepAsync(
        RealEngine engine, DecoderHost host, string? session, int position, int rows)
    {
        using var step = engine.Step(session, position, rows, 7, false, MaxLength);
        Assert.True((await host.StepAsync("alice", step, Cancellation)).Is(out var answer, out var refusal),
            refusal?.Message);
        using (answer)
        {
            return (answer.SessionId!, MemoryMarshal.Cast<byte, float>(answer.Logits.Span).ToArray());
        }
    }
}
