using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Stip.Client.Generation;
using Stip.Client.Images;
using Stip.Client.Tools;

namespace Stip.Client.Chat;

/// <summary>A protected model as the chat client that .NET's AI libraries expect: Semantic Kernel, agents and
/// Microsoft.Extensions.AI's middleware take it as it is.</summary>
/// <remarks>Safe for concurrent use. It owns neither the model nor its bundle; disposing it releases the sessions that
/// it keeps for next turns. <see cref="DisposeAsync"/>, which containers prefer, waits until the server has released
/// them.</remarks>
public sealed class StipChatClient : IChatClient, IAsyncDisposable
{
    private readonly StipModel _model;
    private readonly SessionPool _sessions;
    private readonly ChatClientMetadata _metadata;

    /// <summary>Makes a client.</summary>
    /// <param name="model">Has a tokenizer and a chat template.</param>
    public StipChatClient(StipModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _sessions) = (model, new SessionPool(model));
        _metadata = new ChatClientMetadata("stip", defaultModelId: model.Id);
    }

    /// <inheritdoc/>
    /// <exception cref="StipException">Refused by the server or not reached.</exception>
    /// <exception cref="NotSupportedException">The options ask for what is not there: another model, tools that the
    /// model's chat template has no place for, images of a model that takes none.</exception>
    /// <exception cref="InvalidDataException">An image cannot be read, or they are too many: at most 64, and 128
    /// million pixels in all.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken))
        {
            updates.Add(update);
        }

        return updates.ToChatResponse();
    }

    /// <inheritdoc/>
    /// <exception cref="StipException">As <see cref="GetResponseAsync"/>.</exception>
    /// <exception cref="NotSupportedException">As <see cref="GetResponseAsync"/>.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var tools = ChatTools.Read(_model, options);
        var prompt = ChatPrompt.Encode(_model, messages, options, tools);
        var generation = ChatGeneration.Options(_model, options, tools);
        var (reader, hasCalled, tokens) = (tools?.CreateReader(), false, 0);
        var id = $"chatcmpl-{Guid.NewGuid():N}";
        var (tokenIds, images) = prompt;
        var placed = images.Count == 0
            ? null
            : await new ImageSight(_model).PlaceAsync(tokenIds, images, cancellationToken);
        var given = placed?.TokenIds.Length ?? tokenIds.Length;
        await foreach (var token in placed is null
            ? _sessions.GenerateAsync(tokenIds, generation, cancellationToken)
            : _model.GenerateWithImagesAsync(placed, generation, cancellationToken))
        {
            var ending = token.FinishReason;
            var part = reader?.Append(token, out ending) ?? new ToolText(token.Text, []);
            (hasCalled, tokens) = (hasCalled || part.Calls.Count > 0, tokens + 1);
            var contents = Contents(part);
            if (ending is not null)
            {
                contents.Add(new UsageContent(ChatGeneration.Usage(given, tokens)));
            }

            if (contents.Count > 0)
            {
                yield return new ChatResponseUpdate(ChatRole.Assistant, contents)
                {
                    ResponseId = id,
                    MessageId = id,
                    ModelId = _model.Id,
                    FinishReason = ChatGeneration.Reason(ending, hasCalled),
                };
            }

            if (ending is not null)
            {
                yield break;
            }
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(_model) ? _model
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <inheritdoc/>
    // The sessions end by themselves where nobody can wait for the server's word.
    public void Dispose() => _ = _sessions.DisposeAsync().AsTask();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _sessions.DisposeAsync();

    private static List<AIContent> Contents(ToolText part)
    {
        var contents = new List<AIContent>();
        if (part.Text.Length > 0)
        {
            contents.Add(new TextContent(part.Text));
        }

        contents.AddRange(part.Calls.Select(ChatTools.Content));
        return contents;
    }
}
