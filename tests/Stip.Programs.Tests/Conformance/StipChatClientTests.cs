using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Stip.Client.Chat;
using Stip.EndToEnd.Kit;
using Stip.TestKit;

namespace Stip.Programs.Tests.Conformance;

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
    public async Task GetResponseAsync_AboutAnImage_AddsItsDigits()
    {
        await using var services = new ServiceCollection().AddStip(new StipOptions
        {
            Bundle = await shared.PushedAsync("digits-llava"),
            Endpoint = shared.Server.Endpoint,
            ApiKey = shared.Server.ApiKey,
        }).BuildServiceProvider();
        var client = services.GetRequiredService<IChatClient>();
        var picture = new DataContent(
            await File.ReadAllBytesAsync(
                Path.Combine(KnownCheckpoints.Folder("digits-llava"), "images", "1.png"),
                TestContext.Current.CancellationToken),
            "image/png");
        ChatMessage[] messages = [new(ChatRole.User, [picture, new TextContent("What is the sum of the digits?")])];

        var answer = await client.GetResponseAsync(
            messages, new ChatOptions { Temperature = 0 }, TestContext.Current.CancellationToken);

        // As the gateway's chat answers.
        Assert.Equal("25", answer.Text);
        await Assert.ThrowsAsync<InvalidDataException>(() => client.GetResponseAsync(
            [new(ChatRole.User, [new DataContent(new byte[] { 1, 2, 3 }, "image/png")])],
            null,
            TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync(
            [new(ChatRole.User, [new DataContent(new byte[] { 1, 2, 3 }, "audio/wav")])],
            null,
            TestContext.Current.CancellationToken));
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
