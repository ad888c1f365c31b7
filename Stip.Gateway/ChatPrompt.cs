using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Images;
using Stip.Client.Templates;

namespace Stip.Gateway;

/// <summary>A conversation and the images in it, in the order in which they stand.</summary>
/// <param name="Messages">As <see cref="ImageTurns"/> has them.</param>
/// <param name="Images">One for each image part.</param>
internal sealed record ChatPrompt(IReadOnlyList<ChatMessage> Messages, IReadOnlyList<RgbImage> Images)
{
    /// <summary>What the model may call; null for nothing.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>What else the template reads; null for nothing.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Variables { get; init; }

    /// <summary>The prompt's tokens, and the rows of its images: null where there are none.</summary>
    public async Task<(int[] TokenIds, PlacedRows? Rows)> PlaceAsync(
        StipModel model, CancellationToken cancellationToken)
    {
        if (Images.Count == 0)
        {
            return (Prompts.Chat(model, Messages, Tools, Variables), null);
        }

        var placed = await IllustratedChat.PlaceAsync(model, this, cancellationToken);
        return (placed.TokenIds.ToArray(), placed.Rows);
    }
}
