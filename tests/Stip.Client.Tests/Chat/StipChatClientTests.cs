using Microsoft.Extensions.AI;
using Stip.Client.Chat;
using Stip.Client.Tests.Generation;
using Stip.TestKit;

namespace Stip.Client.Tests.Chat;

public sealed class StipChatClientTests
{
    [Fact]
    public async Task GetResponseAsync_WithVariablesOfTheTemplate_HasItReadThem()
    {
        using var toy = new ToyModelFixture(
            vocabSize: 37,
            tokenizer: RepositoryRoot.At("tests", "data", "sequences", "tokenizer.json"),
            template: "{{ messages[0]['content'] }}{% if enable_thinking is false %} to{% endif %}");
        await using var client = new StipChatClient(toy.Model);
        var plain = new ChatOptions { MaxOutputTokens = 3 };
        var options = new ChatOptions
        {
            MaxOutputTokens = 3,
            AdditionalProperties = new()
            {
                ["chat_template_kwargs"] = new Dictionary<string, object> { ["enable_thinking"] = false },
            },
        };

        var first = await client.GetResponseAsync("to the", plain, TestContext.Current.CancellationToken);
        var second = await client.GetResponseAsync("to the", options, TestContext.Current.CancellationToken);

        Assert.True(second.Usage!.InputTokenCount > first.Usage!.InputTokenCount);
        options.AdditionalProperties["chat_template_kwargs"] = true;
        await Assert.ThrowsAsync<NotSupportedException>(
            () => client.GetResponseAsync("to the", options, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task DisposeAsync_AfterAnAnswer_HasReleasedTheSessionThatWasKept()
    {
        using var toy = new ToyModelFixture(
            vocabSize: 37,
            tokenizer: RepositoryRoot.At("tests", "data", "sequences", "tokenizer.json"),
            template: "{{ messages[0]['content'] }}");
        IChatClient client = new StipChatClient(toy.Model);
        await client.GetResponseAsync(
            "to the", new ChatOptions { MaxOutputTokens = 3 }, TestContext.Current.CancellationToken);
        Assert.Equal(1, toy.Server.SessionCount);

        // As a container does.
        await Assert.IsAssignableFrom<IAsyncDisposable>(client).DisposeAsync();

        Assert.Equal(0, toy.Server.SessionCount);
    }
}
