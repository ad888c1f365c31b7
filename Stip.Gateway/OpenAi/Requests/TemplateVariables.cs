using System.Text.Json;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>Reads <c>chat_template_kwargs</c> (of vLLM and llama.cpp): what a chat template reads beside the messages,
/// such as <c>enable_thinking</c>.</summary>
internal static class TemplateVariables
{
    private const string Field = "chat_template_kwargs";

    // Of the request itself.
    private static readonly string[] Taken = ["messages", "tools", "add_generation_prompt"];

    // Other servers' fields for whether the model thinks, and at once the names that templates know it by.
    private static readonly string[] OfThoughts = ["enable_thinking", "thinking"];

    /// <returns>Null where there are none.</returns>
    public static IReadOnlyDictionary<string, JsonElement>? Read(RequestFields fields)
    {
        var given = fields.Find(Field) is { } value ? Read(value, Field) : null;
        var variables = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var name in OfThoughts)
        {
            if (fields.Find(name) is { } wish)
            {
                variables[name] = JsonSerializer.SerializeToElement(Thinks(wish, name));
            }
        }

        // A template reads one of the names; to others a variable is nothing.
        if (variables.Count == 1)
        {
            var wish = variables.Values.Single();
            foreach (var name in OfThoughts)
            {
                variables[name] = wish;
            }
        }

        foreach (var (name, chosen) in given ?? new Dictionary<string, JsonElement>())
        {
            variables[name] = chosen;
        }

        return given is null && variables.Count == 0 ? null : variables;
    }

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

    // A budget or an effort beside it would be a limit that nothing here keeps.
    private static bool Thinks(JsonElement wish, string name)
    {
        if (wish.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return wish.GetBoolean();
        }

        if (wish.ValueKind == JsonValueKind.Object && wish.EnumerateObject().ToList() is [{ Name: "type" } type]
            && type.Value.ValueKind == JsonValueKind.String
            && type.Value.GetString() is "enabled" or "disabled")
        {
            return type.Value.GetString() == "enabled";
        }

        throw OpenAiException.Unsupported(
            name, "true, false, or a 'type' of enabled or disabled; more goes into 'chat_template_kwargs'");
    }
}
