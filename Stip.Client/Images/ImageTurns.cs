using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Templates;

namespace Stip.Client.Images;

/// <summary>
/// Conversations in which images stand, for templates of vision-language models. A message with images carries its
/// parts in the field <c>content</c>: <c>{"type":"text","text"}</c> and <c>{"type":"image"}</c>.
/// </summary>
public static class ImageTurns
{
    private const string ContentField = "content";

    /// <summary>Most images of one conversation.</summary>
    public const int MostImages = 64;

    /// <summary>Most pixels of all of them: they are held at once, three bytes a pixel.</summary>
    public const long MostPixels = 128L << 20;

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

    /// <summary>Tokens of a conversation with one image token for each image. Templates of some models know parts,
    /// others know strings only: what they write into the prompt tells.</summary>
    /// <param name="model">Takes images (<see cref="ImageSight.ImageToken"/>).</param>
    /// <param name="messages">Those of images as <see cref="Message"/> makes them.</param>
    /// <param name="images">How many there are.</param>
    /// <param name="render">Tokens of messages by the model's template; null where it does not take them.</param>
    /// <returns>Null where the template takes neither form with its images.</returns>
    public static int[]? Tokens(
        StipModel model,
        IReadOnlyList<ChatMessage> messages,
        int images,
        Func<IReadOnlyList<ChatMessage>, int[]?> render)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(render);
        var (id, token) = (model.Bundle.Manifest.ImageTokenId, new ImageSight(model).ImageToken);
        foreach (var form in new[] { messages, [.. messages.Select(message => Flat(message, token))] })
        {
            if (render(form) is { } ids && ids.Count(other => other == id) == images)
            {
                return ids;
            }
        }

        return null;
    }

    /// <summary>True for a message of parts.</summary>
    public static bool HasParts(ChatMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message.Fields.ContainsKey(ContentField);
    }

    private static ChatMessage Flat(ChatMessage message, string imageToken) =>
        message.Fields.TryGetValue(ContentField, out var parts)
            ? new ChatMessage(message.Role, string.Concat(parts.EnumerateArray().Select(part =>
                part.TryGetProperty("text", out var text) ? text.GetString() : $"{imageToken}\n")))
            : message;
}
