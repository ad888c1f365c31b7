using Stip.Client.Generation;
using Stip.EndToEnd.Kit;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>With its first layers on the owner's machine a model says the same, through rewinds and replays.</summary>
public sealed class ClientLayersTests(SharedServer shared)
{
    private const int TokenCount = 24;
    private static readonly int[] Prompt = [52, 1585, 559, 264, 540];

    [Fact]
    public async Task Generate_WithClientLayers_GivesTheSameTextAlsoAfterRewindAndReplay()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();
        var package = folder.At("layers");
        await ModelPackages.RunAsync(
            "protect", "--model", await ModelPackages.ExportAsync("stories"), "--output", package,
            "--client-layers", "2", "--name", "stories-layers");
        await using var server = await ApiProcess.StartAsync();
        await server.PushAsync(package);
        using var whole = await shared.OpenAsync("stories");
        using var split = OpenModel.Open(server, package);
        var expected = await whole.GreedyAsync(Prompt, TokenCount, cancellation);

        Assert.Equal(expected, await split.GreedyAsync(Prompt, TokenCount, cancellation));

        await using var session = split.Model.OpenSession(300);
        await session.AppendAsync(Enumerable.Repeat(7, 280).ToArray(), cancellationToken: cancellation); // grows
        var options = new GenerationOptions { MaxNewTokens = TokenCount / 2, IgnoreEndOfSequence = true };
        var first = await IdsAsync(session, Prompt, options); // rewinds to the beginning
        using var http = new HttpClient { BaseAddress = server.Endpoint };
        http.DefaultRequestHeaders.Authorization = new("Bearer", server.ApiKey);
        await Sessions.DeleteAllAsync(http);
        var rest = await IdsAsync(session, [.. Prompt, .. first], options); // replays

        Assert.Equal(expected, first.Concat(rest));
        Assert.True(session.Usage.Replays >= 1);

        // What the owner's layers keep is copied with the server's cache.
        await using var fork = await session.ForkAsync(cancellation);
        await IdsAsync(session, [9, 8, 7], options);
        int[] all = [.. Prompt, .. expected];
        var row = await fork.ContinueAsync(all.AsMemory(..^1), cancellationToken: cancellation);
        Assert.Equal(expected[^1], row.ArgMax());
        // Asking for it is a round too.
        Assert.Equal((0, 2), (fork.Usage.Replays, fork.Usage.Rounds));
    }

    private static async Task<List<int>> IdsAsync(StipSession session, int[] prompt, GenerationOptions options)
    {
        var ids = new List<int>();
        await foreach (var token in session.GenerateAsync(prompt, options, TestContext.Current.CancellationToken))
        {
            ids.Add(token.Id);
        }

        return ids;
    }
}
