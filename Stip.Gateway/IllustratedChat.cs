using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Images;
using Stip.Client.Templates;
using Stip.Gateway.Terminal;

namespace Stip.Gateway;

/// <summary>
/// Conversations in which images stand. A message with images carries its parts in the field <c>content</c>:
/// <c>{"type":"text","text"}</c> and <c>{"type":"image"}</c>, as templates of vision-language models read them.
/// </summary>
internal static class IllustratedChat
{
    private const string ContentField = "content";

    /// <summary>A message of parts.</summary>
    /// <param name="role">Who speaks.</param>
    /// <param name="parts">Text, or null where an image stands.</param>
    public static ChatMessage Message(string role, IEnumerable<string?> parts) => new(role, null)
    {
        Fields = new Dictionary<string, JsonElement>
        {
            [ContentField] = JsonSerializer.SerializeToElement(parts.Select(text => text is null
                ? new Dictionary<string, string> { ["type"] = "image" }
                : new Dictionary<string, string> { ["type"] = "text", ["text"] = text })),
        },
    };

    /// <summary>The prompt of a conversation, with the rows of its images.</summary>
    public static async Task<ImagePrompt> PlaceAsync(
        StipModel model, ChatPrompt chat, CancellationToken cancellationToken)
    {
        var sight = new ImageSight(model);
        if (model.ReadsImage)
        {
            return await sight.PlaceAsync(
                Prompts.Beginning(model, TextOf(model, chat)), chat.Images, cancellationToken);
        }

        return await sight.PlaceAsync(Tokens(model, sight.ImageToken, chat), chat.Images, cancellationToken);
    }

    // Such a model has no conversation: it goes on from the text that stands beside the image.
    private static string TextOf(StipModel model, ChatPrompt chat) =>
        chat is { Messages: [{ Role: "user" } only], Tools: null }
        && only.Fields.TryGetValue(ContentField, out var parts)
            ? string.Concat(parts.EnumerateArray().Select(part =>
                part.TryGetProperty("text", out var text) ? text.GetString() : ""))
            : throw new RefusedException(
                $"model '{model.Id}' writes about one image: give one message of a user with it, and at most the "
                + "beginning of the answer as its text");

    // Templates of some models know parts, others know strings only: what they write into the prompt tells.
    private static int[] Tokens(StipModel model, string imageToken, ChatPrompt chat)
    {
        var (messages, images) = (chat.Messages, chat.Images.Count);
        var id = model.Bundle.Manifest.ImageTokenId!.Value;
        foreach (var candidate in new[] { messages, [.. messages.Select(message => Flat(message, imageToken))] })
        {
            if (TryRender(model, chat with { Messages = candidate }) is { } ids
                && ids.Count(token => token == id) == images)
            {
                return ids;
            }
        }

        throw new RefusedException(
            $"the chat template of model '{model.Id}' does not put {images} images into its prompt; complete takes raw "
            + $"text with {imageToken}");
    }

    private static int[]? TryRender(StipModel model, ChatPrompt chat)
    {
        try
        {
            return Prompts.Chat(model, chat.Messages, chat.Tools);
        }
        catch (RefusedException) when (chat.Messages.Any(message => message.Fields.ContainsKey(ContentField)))
        {
            return null;
        }
    }

    private static ChatMessage Flat(ChatMessage message, string imageToken) =>
        message.Fields.TryGetValue(ContentField, out var parts)
            ? new ChatMessage(message.Role, string.Concat(parts.EnumerateArray().Select(part =>
                part.TryGetProperty("text", out var text) ? text.GetString() : $"{imageToken}\n")))
            : message;
}
