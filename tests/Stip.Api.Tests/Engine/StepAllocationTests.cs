using Stip.Api.Engine;

namespace Stip.Api.Tests.Engine;

/// <summary>A decode step of the steady state leaves nothing to the garbage collector inside the engine.</summary>
public sealed class StepAllocationTests
{
    private const int Steps = 64;
    private const int WarmUpSteps = 32;
    private static readonly string[] Owners = ["alice", "bob", "carol", "alice"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LoneSession_ServedOnTheThreadOfItsRequest_AllocatesNothing()
    {
        using var engine = new RealEngine();
        await using var host = engine.Host();
        var session = await OpenAsync(engine, host, "alice");
        var steps = Enumerable.Range(0, 4).Select(i => engine.Step(session, 1 + i, 1, 7, false, 40)).ToArray();
        Run(WarmUpSteps);
        // Somebody else may hold the loop for a moment and the step is handed over: the least of some tries counts.
        Assert.Equal(0, Enumerable.Range(0, 5).Min(_ => Run(Steps)));

        long Run(int count)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < count; i++)
            {
                Take(host.StepAsync("alice", steps[i % 4], CancellationToken.None));
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public async Task SessionsOfABatch_AllocateNothing_OnTheirThreadsOrTheLoops()
    {
        using var engine = new RealEngine();
        await using var host = engine.Host();
        var steps = new List<ValidStep>();
        foreach (var owner in Owners)
        {
            steps.Add(engine.Step(await OpenAsync(engine, host, owner), 1, 1, 7, false, 40));
        }

        var answers = new ValueTask<Outcome<StepAnswer>>[Owners.Length];
        Run(WarmUpSteps);
        var (callers, loop) = (long.MaxValue, long.MaxValue);
        for (var i = 0; i < 5; i++)
        {
            await LoopBytesAsync(host);
            var idle = await LoopBytesAsync(host);
            var before = await LoopBytesAsync(host);
            callers = Math.Min(callers, Run(Steps));
            // A question allocates on the loop, too: what one costs was just seen.
            loop = Math.Min(loop, await LoopBytesAsync(host) - before - (before - idle));
        }

        Assert.Equal((0, 0), (callers, Math.Max(loop, 0)));

        long Run(int count)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < count; i++)
            {
                for (var s = 0; s < answers.Length; s++)
                {
#pragma warning disable CA2012 // Each is taken once, in the loop below.
                    answers[s] = host.StepAsync(Owners[s], steps[s], CancellationToken.None);
#pragma warning restore CA2012
                }

                foreach (var answer in answers)
                {
                    Take(answer);
                }
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static void Take(ValueTask<Outcome<StepAnswer>> step)
    {
        while (!step.IsCompleted)
        {
            Thread.Yield();
        }

#pragma warning disable xUnit1031 // Complete already: an await would allocate.
        Assert.True(step.Result.Is(out var answer, out _));
#pragma warning restore xUnit1031
        answer.Dispose();
    }

    private static async Task<string> OpenAsync(RealEngine engine, DecoderHost host, string owner)
    {
        using var step = engine.Step(null, 0, 1, 7, false, 40);
        var outcome = await host.StepAsync(owner, step, Cancellation);
        Assert.True(outcome.Is(out var answer, out _));
        using (answer)
        {
            return answer.SessionId!;
        }
    }

    private static async Task<long> LoopBytesAsync(DecoderHost host) =>
        (await host.AskAsync(_ => Outcome<long>.Of(GC.GetAllocatedBytesForCurrentThread()), Cancellation))
            .Is(out var bytes, out _) ? bytes : throw new InvalidOperationException();
}
