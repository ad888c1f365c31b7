using System.Runtime.CompilerServices;
using System.Text;
using Stip.Client.Generation;
using Stip.Client.Templates;

namespace Stip.Gateway.Terminal;

/// <summary>Questions and answers in one session: each turn sends only the rows that are new.</summary>
internal sealed class Conversation(StipModel model, GenerationOptions options, string? system) : IAsyncDisposable
{
    private readonly List<ChatMessage> _messages = system is null ? [] : [new ChatMessage("system", system)];
    private StipSession _session = model.OpenSession();

    /// <summary>Asks, and remembers question and answer once the answer is whole.</summary>
    public async IAsyncEnumerable<GeneratedToken> AskAsync(
        string question, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ChatMessage[] turn = [.. _messages, new ChatMessage("user", question)];
        var answer = new StringBuilder();
        await foreach (var token in _session.GenerateAsync(Prompts.Chat(model, turn), options, cancellationToken))
        {
            answer.Append(token.Text);
            yield return token;
        }

        _messages.AddRange([turn[^1], new ChatMessage("assistant", answer.ToString())]);
    }

    /// <summary>Starts anew.</summary>
    public async Task ForgetAsync()
    {
        _messages.RemoveAll(message => message.Role != "system");
        await _session.DisposeAsync();
        _session = model.OpenSession();
    }

    public ValueTask DisposeAsync() => _session.DisposeAsync();
}
