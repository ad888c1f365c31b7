using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Images;
using Stip.Client.Templates;

namespace Stip.Gateway.Terminal;

/// <summary>Questions and answers in one session: each turn sends only the rows that are new. It is no longer than the
/// answers may become and some turns need: a longer one takes its place.</summary>
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
    // Room for further turns, as SessionPool keeps it.
    private const int MostRoom = 4096;

    private readonly List<ChatMessage> _messages = system is null ? [] : [new ChatMessage("system", system)];
    private readonly SessionPool _sessions = new(model, mostKept: 1);
    private StipSession? _session; // about an image
    private int _length;

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

        // A source is read as a whole, each turn anew.
        var tokens = image is null ? _sessions.GenerateAsync(prompt.TokenIds, options, cancellationToken)
            : model.IsSequence ? model.GenerateWithImagesAsync(prompt, options, cancellationToken)
            : (await SessionAsync(prompt)).GenerateAsync(prompt.TokenIds, options, cancellationToken);
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
    }

    public async ValueTask DisposeAsync()
    {
        await _sessions.DisposeAsync();
        if (_session is not null)
        {
            await _session.DisposeAsync();
            _session = null;
        }
    }

    // The image stands at the same place in every turn.
    private async ValueTask<StipSession> SessionAsync(ImagePrompt prompt)
    {
        var wanted = Fitting((long)prompt.TokenIds.Length + (options.MaxNewTokens ?? model.ContextLength));
        if (_session is not null && _length >= wanted)
        {
            return _session;
        }

        await DisposeAsync();
        _length = Fitting((long)wanted + Math.Min(wanted, MostRoom));
        return _session = model.OpenSession(_length, prompt.Rows);
    }

    private int Fitting(long tokens) => (int)Math.Min(tokens, model.ContextLength);
}
