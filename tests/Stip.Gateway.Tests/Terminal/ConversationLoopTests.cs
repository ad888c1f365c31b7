using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.Gateway.Terminal;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Gateway.Tests.Terminal;

public sealed class ConversationLoopTests : IDisposable
{
    // A table of fewer rows than the tokenizer has tokens.
    private readonly ToyModel _toy = new(vocabSize: 300);
    private readonly TemporaryFolder _folder = new();
    private readonly ToyServer _server;
    private readonly StipHttpClient _client;

    public ConversationLoopTests()
    {
        _server = new ToyServer(_toy);
        _client = new StipHttpClient(new HttpClient(_server) { BaseAddress = new Uri("http://toy.test") });
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task AnswerAsync_TokenWithoutARow_IsOneLineAndTheConversationGoesOn()
    {
        using var bundle = Open("{{ messages[-1].content }}", 256);
        var model = new StipModel(bundle, _client);
        var question = "Once upon a time there was a fox";
        Assert.Throws<BundleException>(() => Prompts.Chat(model, [new("user", question)]));
        await using var conversation = new Conversation(
            model, new GenerationOptions { MaxNewTokens = 2 }, system: null);

        await ConversationLoop.AnswerAsync(conversation, question, TestContext.Current.CancellationToken);
        Assert.Empty(_server.Steps);
        await ConversationLoop.AnswerAsync(conversation, "a", TestContext.Current.CancellationToken);

        Assert.NotEmpty(_server.Steps);
    }

    [Fact]
    public async Task AnswerAsync_OfALongModel_AsksForNoMoreThanTheAnswersNeedAndSendsWhatIsNew()
    {
        using var bundle = Open("{% for m in messages %}{{ m.content }}{% endfor %}", 131_072);
        await using var conversation = new Conversation(
            new StipModel(bundle, _client),
            new GenerationOptions { MaxNewTokens = 2, IgnoreEndOfSequence = true, Speculates = false }, system: null);

        await ConversationLoop.AnswerAsync(conversation, "aaaa", TestContext.Current.CancellationToken);
        await ConversationLoop.AnswerAsync(conversation, "b", TestContext.Current.CancellationToken);

        Assert.Equal(1024, Assert.Single(_server.Steps, step => step.SessionId is null).MaxLength);
    }

    private Bundle Open(string template, int contextLength)
    {
        ToyBundle.Write(_folder.Path, _toy, manifest => manifest["context_length"] = contextLength);
        File.Copy(RepositoryRoot.At("samples", "models", "stories", "tokenizer.json"), _folder.At("tokenizer.json"));
        File.WriteAllText(_folder.At("chat_template.jinja"), template);
        return Bundle.Open(_folder.Path);
    }
}
