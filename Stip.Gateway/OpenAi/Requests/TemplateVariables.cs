using System.Text.Json;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>Reads <c>chat_template_kwargs</c> (of vLLM and llama.cpp): what a chat template reads beside the messages,
/// such as <c>enable_thinking</c>.</summary>
internal static class TemplateVariables
{
    private const string Field = "chat_template_kwargs";

    // Of the request itself.
    private static readonly string[] Taken = ["messages", "tools", "add_generation_prompt"];

    /// <returns>Null where there are none.</returns>
    public static IReadOnlyDictionary<string, JsonElement>? Read(RequestFields fields) =>
        fields.Find(Field) is { } value ? Read(value, Field) : null;

    /// <summary>The members of an object.</summary>
    /// <param name="value">The object.</param>
    /// <param name="name">Its name, for refusals.</param>
    public static IReadOnlyDictionary<string, JsonElement> Read(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw RequestFields.Wrong(name, "an object");
        }

        var variables = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            variables[member.Name] = Taken.Contains(member.Name)
                ? throw OpenAiException.Unsupported($"{name}.{member.Name}")
                : member.Value;
        }

        return variables;
    }
}
