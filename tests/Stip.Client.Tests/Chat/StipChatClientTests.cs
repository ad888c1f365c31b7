using Microsoft.Extensions.AI;
using Stip.Client.Chat;
using Stip.Client.Tests.Generation;
using Stip.TestKit;

namespace Stip.Client.Tests.Chat;

public sealed class StipChatClientTests
{
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
