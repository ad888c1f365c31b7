using System.Text.Json;
using Microsoft.Extensions.AI;
using Stip.Client.Generation;
using Stip.Client.Images;
using Stip.Client.Templates;
using Stip.Client.Tools;

namespace Stip.Client.Chat;

/// <summary>Messages as the tokens of the model's chat template, and the images that stand in them.</summary>
/// <param name="TokenIds">One image token for each image.</param>
/// <param name="Images">In the order in which they stand.</param>
internal sealed record ChatPrompt(int[] TokenIds, IReadOnlyList<RgbImage> Images)
{
    private const string ImageType = "image";
    private const string VariablesName = "chat_template_kwargs";
    private static readonly string[] OfTheRequest = ["messages", "tools", "add_generation_prompt"];

    /// <exception cref="NotSupportedException">The messages hold what the model does not take.</exception>
    /// <exception cref="InvalidDataException">An image cannot be read, or there are too many.</exception>
    public static ChatPrompt Encode(
        StipModel model,
        IEnumerable<Microsoft.Extensions.AI.ChatMessage> messages,
        ChatOptions? options,
        ToolUse? tools)
    {
        var template = model.Bundle.Template
            ?? throw new NotSupportedException($"model '{model.Id}' has no chat template");
        var tokenizer = model.Bundle.Tokenizer
            ?? throw new NotSupportedException($"the bundle of model '{model.Id}' has no tokenizer");
        var variables = Variables(options);
        var images = new List<RgbImage>();
        var turns = messages.SelectMany(message => Turns(model, message, images)).ToList();
        if (options?.Instructions is { Length: > 0 } instructions)
        {
            turns.Insert(0, new Templates.ChatMessage("system", instructions));
        }

        if (images.Count == 0)
        {
            return new ChatPrompt(Render(turns), []);
        }

        return new ChatPrompt(
            ImageTurns.Tokens(model, turns, images.Count, TryRender) ?? throw new NotSupportedException(
                $"the chat template of model '{model.Id}' does not put {images.Count} images into its prompt"),
            images);

        int[] Render(IReadOnlyList<Templates.ChatMessage> all) => model.Bundle.RequireRows(
            tokenizer.Encode(template.Render(all, tools: tools?.List, variables: variables)));

        int[]? TryRender(IReadOnlyList<Templates.ChatMessage> all)
        {
            try
            {
                return Render(all);
            }
            catch (ChatTemplateException) when (all.Any(ImageTurns.HasParts))
            {
                return null;
            }
        }
    }

    private static Dictionary<string, JsonElement>? Variables(ChatOptions? options)
    {
        if (options?.AdditionalProperties?.TryGetValue(VariablesName, out var given) != true || given is null)
        {
            return null;
        }

        return JsonSerializer.SerializeToElement(given) is { ValueKind: JsonValueKind.Object } members
            && !OfTheRequest.Any(name => members.TryGetProperty(name, out _))
            ? members.EnumerateObject().ToDictionary(member => member.Name, member => member.Value)
            : throw new NotSupportedException($"'{VariablesName}' of AdditionalProperties is no object, or names "
                + string.Join(", ", OfTheRequest));
    }

    private static IEnumerable<Templates.ChatMessage> Turns(
        StipModel model, Microsoft.Extensions.AI.ChatMessage message, List<RgbImage> images)
    {
        if (message.Contents.FirstOrDefault(content => !IsKnown(content)) is { } other)
        {
            throw new NotSupportedException(
                $"content of type {other.GetType().Name} is not supported: text, images as data, calls and their "
                + "results only");
        }

        if (!message.Contents.Any(IsImage))
        {
            return ChatTools.Turns(message);
        }

        if (!model.TakesImages || model.ReadsImage)
        {
            throw new NotSupportedException($"model '{model.Id}' takes no images in a conversation");
        }

        if (message.Contents.Any(content => content is FunctionCallContent or FunctionResultContent))
        {
            throw new NotSupportedException("images beside calls or their results are not supported");
        }

        return [ImageTurns.Message(message.Role.Value, message.Contents.Where(content => content is not UsageContent)
            .Select(content => Part(content, images)).ToList())];
    }

    // Null where an image stands.
    private static string? Part(AIContent content, List<RgbImage> images)
    {
        if (content is not DataContent data)
        {
            return ((TextContent)content).Text;
        }

        if (images.Count == ImageTurns.MostImages)
        {
            throw new InvalidDataException($"there are more than {ImageTurns.MostImages} images; so many are taken");
        }

        images.Add(ImageReader.Decode(data.Data));
        var pixels = images.Sum(image => (long)image.Width * image.Height);
        return pixels <= ImageTurns.MostPixels ? null : throw new InvalidDataException(
            $"the images so far have {pixels} pixels; a conversation may have {ImageTurns.MostPixels}");
    }

    private static bool IsKnown(AIContent content) =>
        content is TextContent or UsageContent or FunctionCallContent or FunctionResultContent || IsImage(content);

    private static bool IsImage(AIContent content) =>
        content is DataContent data && data.HasTopLevelMediaType(ImageType);
}
