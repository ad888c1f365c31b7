using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.Gateway.Terminal;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Gateway.Tests.Terminal;

public sealed class ConversationLoopTests
{
    [Fact]
    public async Task AnswerAsync_TokenWithoutARow_IsOneLineAndTheConversationGoesOn()
    {
        using var folder = new TemporaryFolder();
        // A table of fewer rows than the tokenizer has tokens.
        var toy = new ToyModel(vocabSize: 300);
        ToyBundle.Write(folder.Path, toy);
        File.Copy(RepositoryRoot.At("samples", "models", "stories", "tokenizer.json"), folder.At("tokenizer.json"));
        await File.WriteAllTextAsync(
            folder.At("chat_template.jinja"), "{{ messages[-1].content }}", TestContext.Current.CancellationToken);
        using var bundle = Bundle.Open(folder.Path);
        using var server = new ToyServer(toy);
        using var client = new StipHttpClient(new HttpClient(server) { BaseAddress = new Uri("http://toy.test") });
        var model = new StipModel(bundle, client);
        var question = "Once upon a time there was a fox";
        Assert.Throws<BundleException>(() => Prompts.Chat(model, [new("user", question)]));
        await using var conversation = new Conversation(
            model, new GenerationOptions { MaxNewTokens = 2 }, system: null);

        await ConversationLoop.AnswerAsync(conversation, question, TestContext.Current.CancellationToken);
        Assert.Empty(server.Steps);
        await ConversationLoop.AnswerAsync(conversation, "a", TestContext.Current.CancellationToken);

        Assert.NotEmpty(server.Steps);
    }
}
