using System.Collections.Concurrent;
using Stip.Api.Engine;

namespace Stip.Api.Tests.Engine;

/// <summary>What the prompts of others may cost between two tokens of a session, in rows and not in seconds.</summary>
public sealed class InterTokenTests
{
    private const int ChunkRows = 16;
    private readonly FakeRuntime _runtime = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(3, 4)]
    public async Task DecodingSessions_WhileLongPromptsArrive_WaitForOneChunkAtMost(int prompts, int users)
    {
        (_runtime.Options.PrefillChunk, _runtime.Options.CacheMegabytes) = (ChunkRows, 16);
        await using var host = _runtime.Host();
        var steps = new ConcurrentDictionary<int, Task<Outcome<StepAnswer>>>();
        for (var user = 0; user < users; user++)
        {
            steps[user] = host.RunAsync($"user {user}", _runtime.Step(maxLength: 512));
            await steps[user];
        }

        // Whenever a chunk begins, every user has read the last answer and has sent the next row.
        _runtime.Decoder.BeforeRun = rowCount =>
        {
            if (rowCount > 1)
            {
                Task.Run(() => SendAsync(host, steps), Cancellation).Wait(Cancellation);
            }
        };
        _runtime.Decoder.Runs.Clear();
        var answers = await Task.WhenAll(Enumerable.Range(0, prompts).Select(
            prompt => host.RunAsync($"prompt {prompt}", _runtime.Step(rows: 400, maxLength: 512))));
        Assert.All(answers, answer => Assert.Null(answer.Refusal?.Message));
        await Task.WhenAll(steps.Values);

        var runs = _runtime.Decoder.Runs;
        Assert.Equal(400 * prompts, runs.Where(run => run.Rows > 1).Sum(run => run.Rows));
        Assert.All(runs, run => Assert.InRange(run.Rows, 1, ChunkRows));
        Assert.All(
            runs.Zip(runs.Skip(1)),
            pair => Assert.True(pair.First.Rows == 1 || pair.Second.Rows == 1, "two chunks without a token between"));
        Assert.Equal(users * 25 * prompts, runs.Where(run => run.Rows == 1).Sum(run => run.Slots));
    }

    private async Task SendAsync(DecoderHost host, ConcurrentDictionary<int, Task<Outcome<StepAnswer>>> steps)
    {
        foreach (var (user, last) in steps)
        {
            Assert.True((await last).Is(out var answer, out var refusal), refusal?.Message);
            steps[user] = host.RunAsync(
                $"user {user}", _runtime.Step(answer.SessionId, answer.Position, maxLength: 512));
        }
    }
}
