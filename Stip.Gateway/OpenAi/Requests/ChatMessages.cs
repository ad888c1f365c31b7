using System.Text.Json;
using Stip.Client.Templates;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>Reads <c>messages</c>: strings or arrays of text parts.</summary>
internal static class ChatMessages
{
    private const string Field = "messages";

    public static IReadOnlyList<ChatMessage> Read(RequestFields fields) =>
        fields.Find(Field) is { ValueKind: JsonValueKind.Array } messages && messages.GetArrayLength() > 0
            ? [.. messages.EnumerateArray().Select(Read)]
            : throw RequestFields.Wrong(Field, "an array of at least one message");

    private static ChatMessage Read(JsonElement message, int index)
    {
        var name = $"{Field}[{index}]";
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw RequestFields.Wrong(name, "an object");
        }

        var fields = new RequestFields(message);
        if (fields.Find("tool_calls") is { ValueKind: JsonValueKind.Array } calls && calls.GetArrayLength() > 0)
        {
            throw OpenAiException.Unsupported($"{name}.tool_calls");
        }

        return new ChatMessage(Role(fields, name), Content(fields, name));
    }

    public static string Role(RequestFields fields, string name) => fields.Find("role")?.ToString() switch
    {
        // What OpenAI calls developer, templates know as system.
        "system" or "developer" => "system",
        "user" => "user",
        "assistant" => "assistant",
        "tool" or "function" => throw OpenAiException.Unsupported($"{name}.role", "tools are not there yet"),
        _ => throw RequestFields.Wrong($"{name}.role", "system, developer, user or assistant"),
    };

    public static string Content(RequestFields fields, string name) => fields.Find("content") switch
    {
        { ValueKind: JsonValueKind.String } => fields.Text("content"),
        { ValueKind: JsonValueKind.Array } parts =>
            string.Concat(parts.EnumerateArray().Select(part => Part(part, name))),
        _ => throw RequestFields.Wrong($"{name}.content", "a string or an array of text parts"),
    };

    private static string Part(JsonElement part, string name)
    {
        var fields = part.ValueKind == JsonValueKind.Object
            ? new RequestFields(part)
            : throw RequestFields.Wrong($"{name}.content", "an array of objects");
        return fields.Text("type") is "text" or "input_text" or "output_text"
            ? fields.Text("text")
            : throw OpenAiException.Unsupported($"{name}.content", "parts of type text only");
    }
}
