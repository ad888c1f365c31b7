using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Images;
using Stip.Client.Templates;

namespace Stip.Gateway.Terminal;

/// <summary>Questions and answers in one session: each turn sends only the rows that are new.</summary>
/// <param name="model">Who answers.</param>
/// <param name="options">How answers are chosen.</param>
/// <param name="system">The system message, null for none.</param>
/// <param name="image">What the first question is about, null for none.</param>
/// <param name="variables">What else the template reads, null for nothing.</param>
internal sealed class Conversation(
    StipModel model,
    GenerationOptions options,
    string? system,
    RgbImage? image = null,
    IReadOnlyDictionary<string, JsonElement>? variables = null) : IAsyncDisposable
{
    private readonly List<ChatMessage> _messages = system is null ? [] : [new ChatMessage("system", system)];
    private StipSession? _session;

    /// <summary>Asks, and remembers question and answer once the answer is whole.</summary>
    public async IAsyncEnumerable<GeneratedToken> AskAsync(
        string question, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isFirst = _messages.TrueForAll(message => message.Role == "system");
        ChatMessage[] turn =
        [
            .. _messages,
            image is not null && isFirst
                ? ImageTurns.Message("user", [null, question])
                : new ChatMessage("user", question),
        ];
        var prompt = image is null
            ? new ImagePrompt(Prompts.Chat(model, turn, variables: variables), PlacedRows.None)
            : await IllustratedChat.PlaceAsync(
                model, new ChatPrompt(turn, [image]) { Variables = variables }, cancellationToken);

        // The image stands at the same place in every turn. A source is read as a whole, each turn anew.
        _session ??= model.IsSequence ? null : model.OpenSession(placed: prompt.Rows);
        var tokens = _session is null
            ? model.GenerateWithImagesAsync(prompt, options, cancellationToken)
            : _session.GenerateAsync(prompt.TokenIds, options, cancellationToken);
        var answer = new StringBuilder();
        await foreach (var token in tokens)
        {
            answer.Append(token.Text);
            yield return token;
        }

        // A model that writes about an image goes on from no conversation: the next question is about it anew.
        if (model.ReadsImage)
        {
            yield break;
        }

        _messages.AddRange([turn[^1], new ChatMessage("assistant", answer.ToString())]);
    }

    /// <summary>Starts anew.</summary>
    public async Task ForgetAsync()
    {
        _messages.RemoveAll(message => message.Role != "system");
        await DisposeAsync();
        _session = null;
    }

    public ValueTask DisposeAsync() => _session?.DisposeAsync() ?? ValueTask.CompletedTask;
}
