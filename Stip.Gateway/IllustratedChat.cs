using Stip.Client.Generation;
using Stip.Client.Images;
using Stip.Gateway.Terminal;

namespace Stip.Gateway;

/// <summary>
/// Conversations in which images stand, as <see cref="ImageTurns"/> has them, or one image beside the beginning of what
/// is written about it.
/// </summary>
internal static class IllustratedChat
{
    private const string ContentField = "content";

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

    private static int[] Tokens(StipModel model, string imageToken, ChatPrompt chat) =>
        ImageTurns.Tokens(
            model, chat.Messages, chat.Images.Count, messages => TryRender(model, chat with { Messages = messages }))
        ?? throw new RefusedException(
            $"the chat template of model '{model.Id}' does not put {chat.Images.Count} images into its prompt; "
            + $"complete takes raw text with {imageToken}");

    private static int[]? TryRender(StipModel model, ChatPrompt chat)
    {
        try
        {
            return Prompts.Chat(model, chat.Messages, chat.Tools, chat.Variables);
        }
        catch (RefusedException) when (chat.Messages.Any(ImageTurns.HasParts))
        {
            return null;
        }
    }
}
