using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Stip.Client.Chat;
using Stip.EndToEnd.Tests.Fixtures;

namespace Stip.EndToEnd.Tests.Conformance;

/// <summary>A protected model through Microsoft.Extensions.AI and dependency injection.</summary>
public sealed class StipChatClientTests(SharedServer shared)
{
    private const string Question = "Tell me the fable of The Fox and the Crow.";

    [Fact]
    public async Task GetResponseAsync_FromTheContainer_TellsTheFable()
    {
        await using var services = new ServiceCollection().AddStip(new StipOptions
        {
            Bundle = await shared.PushedAsync("stories"),
            Endpoint = shared.Server.Endpoint,
            ApiKey = shared.Server.ApiKey,
        }).BuildServiceProvider();
        var client = services.GetRequiredService<IChatClient>();

        var answer = await client.GetResponseAsync(
            Question, new ChatOptions { Temperature = 0 }, TestContext.Current.CancellationToken);
        var updates = new List<string>();
        await foreach (var update in client.GetStreamingResponseAsync(
            Question, new ChatOptions { Temperature = 0 }, TestContext.Current.CancellationToken))
        {
            updates.Add(update.Text);
        }

        Assert.StartsWith("A CROW having stolen a bit of meat", answer.Text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.True(answer.Usage?.OutputTokenCount > 50);
        Assert.Equal(answer.Text, string.Concat(updates));
    }

    [Fact]
    public async Task GetResponseAsync_OptionsThatAreNotThere_AreRefused()
    {
        await using var services = new ServiceCollection().AddStip(new StipOptions
        {
            Bundle = await shared.PushedAsync("stories"),
            Endpoint = shared.Server.Endpoint,
            ApiKey = shared.Server.ApiKey,
        }).BuildServiceProvider();
        var client = services.GetRequiredService<IChatClient>();

        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync(
            Question, new ChatOptions { ModelId = "other" }, TestContext.Current.CancellationToken));
    }
}
