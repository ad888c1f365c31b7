using Stip.Api.Engine;

namespace Stip.Api.Tests.Engine;

/// <summary>A prompt runs in shorter pieces while others decode, and none of its bits is another for it.</summary>
public sealed class PromptBesideDecodersTests
{
    private const int Length = 512;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, false, new[] { 32, 32, 32, 32, 32, 32, 32, 32, 33 })]
    [InlineData(96, false, new[] { 96, 96, 96 })] // what was configured stays
    [InlineData(0, true, new[] { 128, 128, 33 })]
    public async Task Prompt_WhileAnotherDecodes_RunsInShorterPieces(int fixedRows, bool hasExperts, int[] pieces)
    {
        var runtime = new FakeRuntime { RowsOf = _ => hasExperts ? RowsBeside.RoundedTogether : RowsBeside.Apart };
        (runtime.Options.CacheMegabytes, runtime.Options.PrefillChunk) = (16, fixedRows);
        await using var host = runtime.Host();
        var last = host.RunAsync("user", runtime.Step(maxLength: Length));
        await last;
        runtime.Decoder.BeforeRun = rows =>
        {
            if (rows > 1)
            {
                // The last answer was read and the next row is sent before the piece is over.
                Task.Run(
                    async () =>
                    {
                        Assert.True((await last).Is(out var answer, out var refusal), refusal?.Message);
                        last = host.RunAsync(
                            "user", runtime.Step(answer.SessionId, answer.Position, maxLength: Length));
                    },
                    Cancellation).Wait(Cancellation);
            }
        };
        await host.RunAsync("prompt", runtime.Step(rows: pieces.Sum(), maxLength: Length));
        await last;

        Assert.Equal(pieces, runtime.Decoder.Runs.Select(run => run.Rows).Where(rows => rows > 1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Prompt_WhereNobodyElseDecodes_RunsInWholeChunks(bool isOwn)
    {
        var runtime = new FakeRuntime();
        runtime.Options.CacheMegabytes = 16;
        await using var host = runtime.Host();
        Assert.True(
            (await host.RunAsync("user", runtime.Step(maxLength: Length))).Is(out var user, out var refusal),
            refusal?.Message);
        if (!isOwn)
        {
            await host.ReleaseAsync("user", user.SessionId!, Cancellation);
        }

        runtime.Decoder.Runs.Clear();
        await host.RunAsync(
            "user",
            isOwn
                ? runtime.Step(user.SessionId, user.Position, rows: 289, maxLength: Length)
                : runtime.Step(rows: 289, maxLength: Length));

        Assert.Equal([128, 128, 33], runtime.Decoder.Runs.Select(run => run.Rows));
    }

    [Theory]
    [InlineData(130, 0, 32)]
    [InlineData(161, 0, 32)]
    [InlineData(289, 0, 32)]
    [InlineData(289, 12, 128)] // what a bounded cache lets go, and when, goes by the pieces
    [InlineData(289, 64, 128)]
    [InlineData(289, 0, 128, true)] // an expert multiplies those rows of a piece together that are sent to it
    public async Task Logits_OfAPromptBesideDecoders_AreThoseOfThePromptAloneBitForBit(
        int rows, int window, int piece, bool hasExperts = false)
    {
        using var engine = new RealEngine(window: window, length: Length, hasExperts: hasExperts);
        (engine.Options.PrefillChunk, engine.Options.Slots) = (0, 8);
        using var watched = new WatchedRuntime(RealEngine.Runtime(engine.Options));
        engine.Watched = watched;
        byte[] alone;
        await using (var own = engine.Host())
        {
            alone = await LogitsAsync(engine, own, rows);
        }

        var runs = watched.Runs.Count;
        await using var shared = engine.Host();
        using var began = new CountdownEvent(2);
        var isEnough = false;
        var decoders = Enumerable.Range(1, began.InitialCount).Select(user => Task.Run(
            () => DecodeAsync(engine, shared, user, began, () => Volatile.Read(ref isEnough)), Cancellation)).ToArray();
        began.Wait(Cancellation);
        var beside = await LogitsAsync(engine, shared, rows);
        Volatile.Write(ref isEnough, true);
        await Task.WhenAll(decoders);

        Assert.Equal(alone, beside);
        Assert.Contains(watched.Runs.Skip(runs), run => run.Length == piece);
    }

    private static async Task DecodeAsync(
        RealEngine engine, DecoderHost host, int user, CountdownEvent began, Func<bool> isEnough)
    {
        string? session = null;
        for (var position = 0; position < Length && !isEnough(); position++)
        {
            using var step = engine.Step(session, position, 1, user, false, Length);
            Assert.True(
                (await host.StepAsync($"user {user}", step, Cancellation)).Is(out var answer, out var refusal),
                refusal?.Message);
            using (answer)
            {
                session = answer.SessionId;
            }

            if (position == 0)
            {
                began.Signal();
            }
        }
    }

    private static async Task<byte[]> LogitsAsync(RealEngine engine, DecoderHost host, int rows)
    {
        using var step = engine.Step(null, 0, rows, 7, true, Length);
        Assert.True(
            (await host.StepAsync("prompt", step, Cancellation)).Is(out var answer, out var refusal),
            refusal?.Message);
        using (answer)
        {
            return answer.Logits.ToArray();
        }
    }
}
