using System.Text.Json;
using Stip.Client.Generation;
using Stip.Gateway.OpenAi.Requests;

namespace Stip.Gateway.OpenAi.Tools;

/// <summary>Reads <c>tools</c> and <c>tool_choice</c>.</summary>
/// <param name="List">As the template takes it.</param>
/// <param name="Names">Of the functions.</param>
internal sealed record ToolFields(JsonElement List, IReadOnlyCollection<string> Names)
{
    /// <returns>Null where no tool may be called.</returns>
    public static ToolFields? Read(RequestFields fields, StipModel model)
    {
        var isNone = fields.Find("tool_choice") switch
        {
            null => false,
            { ValueKind: JsonValueKind.String } choice when choice.ValueEquals("none") => true,
            { ValueKind: JsonValueKind.String } choice when choice.ValueEquals("auto") => false,
            _ => throw OpenAiException.Unsupported("tool_choice", "auto or none only"),
        };
        if (fields.Find("tools") is not { } tools
            || (tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() == 0))
        {
            return null;
        }

        if (tools.ValueKind != JsonValueKind.Array)
        {
            throw RequestFields.Wrong("tools", "an array of functions");
        }

        if (model.Bundle.Template?.TakesTools != true)
        {
            throw OpenAiException.Unsupported("tools", $"the chat template of model '{model.Id}' has none");
        }

        var names = tools.EnumerateArray().Select(Name).ToHashSet(StringComparer.Ordinal);
        return isNone ? null : new ToolFields(tools, names);
    }

    private static string Name(JsonElement tool) =>
        tool.ValueKind == JsonValueKind.Object
        && tool.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
        && type.ValueEquals("function")
        && tool.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object
        && function.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String
            ? name.GetString()!
            : throw OpenAiException.Unsupported("tools", "functions with a name only");
}
