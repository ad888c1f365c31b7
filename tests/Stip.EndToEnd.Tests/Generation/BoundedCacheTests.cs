using Stip.Client.Generation;
using Stip.EndToEnd.Kit;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>A model of which every layer keeps its window of 8 tokens, and 16 more, of 64.</summary>
public sealed class BoundedCacheTests(SharedServer shared)
{
    private static readonly int[] Prompt = [3, 14, 15, 92, 65, 35];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Model_SaysWhatItKeeps()
    {
        using var open = await shared.OpenAsync("tiny-mistral-window");

        var info = await open.Model.CheckAsync(Cancellation);

        Assert.Equal([new(8, 24)], info.BoundedCaches);
    }

    [Fact]
    public async Task Generate_FromFarBack_GivesTheTextOfANewSession()
    {
        using var open = await shared.OpenAsync("tiny-mistral-window");
        int[] expected = await open.GreedyAsync([.. Prompt, 7], 50, Cancellation);
        await using var session = open.Model.OpenSession();
        await RunAsync(session, Prompt, 56);
        var before = session.Usage.Replays;

        var ids = await RunAsync(session, [.. Prompt, 7], 50);

        Assert.Equal(expected, ids);
        Assert.Equal((0, 1), (before, session.Usage.Replays));
    }

    private static async Task<int[]> RunAsync(StipSession session, int[] prompt, int tokens)
    {
        var options = new GenerationOptions { MaxNewTokens = tokens, IgnoreEndOfSequence = true };
        var ids = new List<int>();
        await foreach (var token in session.GenerateAsync(prompt, options, Cancellation))
        {
            ids.Add(token.Id);
        }

        return [.. ids];
    }
}
