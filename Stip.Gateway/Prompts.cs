using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Templates;
using Stip.Client.Tokenization;
using Stip.Gateway.Terminal;

namespace Stip.Gateway;

/// <summary>Prompts as token ids, raw or through the model's chat template.</summary>
internal static class Prompts
{
    /// <summary>Raw text, framed as the tokenizer frames a sequence.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">The text.</param>
    /// <param name="language">What it is framed with (<see cref="Languages.Frame"/>); null for the tokenizer's own.
    /// </param>
    public static int[] Raw(StipModel model, string text, string? language = null)
    {
        RefuseWithoutImage(model);
        var tokenizer = Tokenizer(model);
        return NotEmpty(
            (language is null ? tokenizer : tokenizer.InLanguage(language)).Encode(text, addSpecialTokens: true),
            model);
    }

    /// <summary>The beginning of an answer, without a frame; none for an empty text.</summary>
    public static int[] Beginning(StipModel model, string text) =>
        text.Length == 0
            ? []
            : model.Bundle.RequireRows(Tokenizer(model).Encode(text, addSpecialTokens: false));

    /// <summary>A conversation, ready for the assistant's next turn. The template frames it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="messages">Oldest first.</param>
    /// <param name="tools">What may be called; null for nothing.</param>
    /// <param name="variables">What else the template reads; null for nothing.</param>
    public static int[] Chat(
        StipModel model,
        IReadOnlyList<ChatMessage> messages,
        JsonElement? tools = null,
        IReadOnlyDictionary<string, JsonElement>? variables = null)
    {
        RefuseWithoutImage(model);
        var template = model.Bundle.Template
            ?? throw new RefusedException($"model '{model.Id}' has no chat template; complete continues raw text");
        return NotEmpty(
            Tokenizer(model).Encode(Render(template, messages, tools, variables), addSpecialTokens: false), model);
    }

    private static string Render(
        ChatTemplate template,
        IReadOnlyList<ChatMessage> messages,
        JsonElement? tools,
        IReadOnlyDictionary<string, JsonElement>? variables)
    {
        try
        {
            return template.Render(messages, tools: tools, variables: variables);
        }
        catch (ChatTemplateException refusal)
        {
            throw new RefusedException(refusal.Message, refusal);
        }
    }

    /// <summary>Refuses a model that writes about an image or a sound: there is none.</summary>
    internal static void RefuseWithoutImage(StipModel model)
    {
        if (model.ReadsImage)
        {
            throw new RefusedException($"model '{model.Id}' writes about an image: give one (--image, image_url)");
        }

        if (model.ReadsSound)
        {
            throw new RefusedException(
                $"model '{model.Id}' writes down sounds: transcribe and /v1/audio/transcriptions are for it");
        }
    }

    private static TextTokenizer Tokenizer(StipModel model) => model.Bundle.Tokenizer
        ?? throw new RefusedException($"the bundle of model '{model.Id}' has no tokenizer.json: text cannot be used");

    private static int[] NotEmpty(int[] ids, StipModel model) => ids.Length > 0
        ? model.Bundle.RequireRows(ids)
        : throw new RefusedException($"the prompt has no tokens for model '{model.Id}'");
}
