using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Tools;
using Stip.Gateway.OpenAi.Requests;

namespace Stip.Gateway.OpenAi.Tools;

/// <summary>Reads <c>tools</c>, <c>tool_choice</c> and <c>parallel_tool_calls</c>.</summary>
internal static class ToolFields
{
    private const string ListField = "tools";
    private const string ChoiceField = "tool_choice";
    private const string SeveralField = "parallel_tool_calls";

    /// <summary>Those of chat completions.</summary>
    /// <returns>Null where no tool may be called.</returns>
    public static ToolUse? OfChat(RequestFields fields, StipModel model) =>
        Read(fields, model, tools => tools, NamedInChat);

    /// <summary>Those of responses, whose functions have their members beside the type.</summary>
    /// <returns>Null where no tool may be called.</returns>
    public static ToolUse? OfResponse(RequestFields fields, StipModel model) =>
        Read(fields, model, ResponseTools.AsInChat, choice => choice);

    /// <summary>Whether an answer may ask for more than one call: yes, unless it is said.</summary>
    public static bool AllowsSeveral(RequestFields fields) =>
        fields.Find(SeveralField) is null || fields.Flag(SeveralField);

    /// <summary>The same request, its text held to what is asked: a call, a format, or either.</summary>
    /// <exception cref="OpenAiException">A strict function is more than a grammar holds.</exception>
    public static AnswerRequest Constrain(this AnswerRequest request, ToolUse? tools)
    {
        try
        {
            return tools is null ? request
                : request.With(tools.Constrain(request.Options.Grammar), ToolUse.KeptSpecialTokens);
        }
        catch (NotSupportedException refusal)
        {
            throw OpenAiException.Unsupported(ListField, refusal.Message);
        }
    }

    private static ToolUse? Read(
        RequestFields fields,
        StipModel model,
        Func<JsonElement, JsonElement> asInChat,
        Func<JsonElement, JsonElement> named)
    {
        var choice = Choice(fields.Find(ChoiceField), named);
        var allowsSeveral = AllowsSeveral(fields);
        if (fields.Find(ListField) is not { } tools
            || (tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() == 0))
        {
            return choice is { IsForced: true }
                ? throw OpenAiException.Invalid($"'{ChoiceField}' asks for a call and there are no tools", ChoiceField)
                : null;
        }

        if (tools.ValueKind != JsonValueKind.Array)
        {
            throw RequestFields.Wrong(ListField, "an array of functions");
        }

        try
        {
            var use = ToolUse.For(model.Bundle, asInChat(tools), choice ?? ToolChoice.Auto, allowsSeveral);
            return choice is null ? null : use;
        }
        catch (NotSupportedException refusal)
        {
            throw OpenAiException.Unsupported(ListField, refusal.Message);
        }
        catch (ArgumentException)
        {
            throw OpenAiException.Invalid($"'{ChoiceField}' names no function of the tools", ChoiceField);
        }
    }

    private static JsonElement NamedInChat(JsonElement choice) =>
        choice.TryGetProperty("function", out var function) ? function : choice;

    /// <returns>Null for none.</returns>
    private static ToolChoice? Choice(JsonElement? choice, Func<JsonElement, JsonElement> named) => choice switch
    {
        null => ToolChoice.Auto,
        { ValueKind: JsonValueKind.String } word when word.ValueEquals("auto") => ToolChoice.Auto,
        { ValueKind: JsonValueKind.String } word when word.ValueEquals("none") => null,
        { ValueKind: JsonValueKind.String } word when word.ValueEquals("required") => ToolChoice.Required,
        { ValueKind: JsonValueKind.Object } function when named(function) is { ValueKind: JsonValueKind.Object } one
            && one.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String =>
            ToolChoice.Of(name.GetString()!),
        _ => throw OpenAiException.Unsupported(ChoiceField, "auto, none, required or a function only"),
    };
}
