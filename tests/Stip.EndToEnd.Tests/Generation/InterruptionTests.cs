using Stip.Client;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.EndToEnd.Kit;
using Stip.Protocol.Errors;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>What breaks under an answer must not show in it.</summary>
public sealed class InterruptionTests(SharedServer shared)
{
    private const int TokenCount = 40;
    private static readonly int[] Prompt = [52, 1585, 559, 264, 540];
    private static readonly GenerationOptions Options = new() { MaxNewTokens = TokenCount, IgnoreEndOfSequence = true };

    [Fact]
    public async Task GenerateAsync_SessionDeletedInTheMiddle_GivesTheSameTokens()
    {
        using var open = await shared.OpenAsync("stories");
        var expected = await open.GreedyAsync(Prompt, TokenCount, TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = shared.Server.Endpoint };
        http.DefaultRequestHeaders.Authorization = new("Bearer", shared.Server.ApiKey);

        var (ids, usage) = await RunAsync(open.Model, async count =>
        {
            if (count == TokenCount / 2)
            {
                await Sessions.DeleteAllAsync(http);
            }
        });

        Assert.Equal(expected, ids);
        Assert.Equal(1, usage.Replays);
    }

    [Fact]
    public async Task GenerateAsync_ServerKilledInTheMiddle_GivesTheSameTokens()
    {
        await using var server = await ApiProcess.StartAsync();
        var package = await ModelPackages.ProtectAsync("stories");
        await server.PushAsync(package);
        using var open = OpenModel.Open(server, package);
        var expected = await open.GreedyAsync(Prompt, TokenCount, TestContext.Current.CancellationToken);

        Task? restart = null;
        var (ids, usage) = await RunAsync(open.Model, count =>
        {
            if (count == TokenCount / 2)
            {
                restart = server.RestartAsync();
            }

            return Task.CompletedTask;
        });
        await restart!;

        Assert.Equal(expected, ids);
        Assert.True(usage.Replays >= 1);
    }

    [Theory]
    [InlineData(WireEncoding.Json)]
    [InlineData(WireEncoding.Safetensors)]
    public async Task GenerateAsync_TwoUsersAtOnce_BothGetTheirOwnText(WireEncoding encoding)
    {
        using var one = await shared.OpenAsync("stories", new StipHttpClientOptions { Encoding = encoding });
        using var two = await shared.OpenAsync("stories");
        int[] other = [.. Prompt.Reverse()];
        var alone = await one.GreedyAsync(Prompt, TokenCount, TestContext.Current.CancellationToken);
        var otherAlone = await two.GreedyAsync(other, TokenCount, TestContext.Current.CancellationToken);

        var both = await Task.WhenAll(
            one.GreedyAsync(Prompt, TokenCount, TestContext.Current.CancellationToken),
            two.GreedyAsync(other, TokenCount, TestContext.Current.CancellationToken));

        Assert.Equal(alone, both[0]);
        Assert.Equal(otherAlone, both[1]);
    }

    [Fact]
    public async Task CheckAsync_BundleOfOtherKeys_SendsNothing()
    {
        await shared.PushedAsync("stories");
        // The same checkpoint under the same name, protected again: other keys.
        using var folder = new TemporaryFolder();
        await ModelPackages.RunAsync(
            "protect", "--model", await ModelPackages.ExportAsync("stories"), "--output", folder.At("again"),
            "--name", "stories", "--verify", "none");
        using var stranger = OpenModel.Open(shared.Server, folder.At("again"));

        var refusal = await Assert.ThrowsAsync<StipException>(
            () => stranger.GreedyAsync(Prompt, 1, TestContext.Current.CancellationToken));

        Assert.Equal(StipErrorCode.PackageInvalid, refusal.Code);
    }

    private static async Task<(int[] Ids, GenerationUsage Usage)> RunAsync(StipModel model, Func<int, Task> afterToken)
    {
        var ids = new List<int>();
        GenerationUsage? usage = null;
        await foreach (var token in model.GenerateAsync(Prompt, Options, TestContext.Current.CancellationToken))
        {
            ids.Add(token.Id);
            usage = token.Usage;
            await afterToken(ids.Count);
        }

        return ([.. ids], usage!);
    }
}
