using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Images;
using Stip.Client.Templates;
using Stip.Gateway.OpenAi.Tools;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>Reads <c>messages</c>: strings or arrays of parts.</summary>
internal static class ChatMessages
{
    private const string Field = "messages";

    public static ChatPrompt Read(RequestFields fields, StipModel model)
    {
        var images = new ImageParts(model);
        return fields.Find(Field) is { ValueKind: JsonValueKind.Array } messages && messages.GetArrayLength() > 0
            ? new ChatPrompt([.. messages.EnumerateArray().Select((item, i) => Read(item, i, images))], images.Images)
            : throw RequestFields.Wrong(Field, "an array of at least one message");
    }

    private static ChatMessage Read(JsonElement message, int index, ImageParts images)
    {
        var name = $"{Field}[{index}]";
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw RequestFields.Wrong(name, "an object");
        }

        var fields = new RequestFields(message);
        RefuseUnread(fields, name);
        var more = ToolMessages.Fields(fields, name);
        var read = more.ContainsKey(ToolMessages.Calls) && fields.Find("content") is null
            ? new ChatMessage(Role(fields, name), null)
            : Message(fields, name, images);
        return more.Count == 0 ? read : read with { Fields = more.Concat(read.Fields).ToDictionary() };
    }

    // What would be an empty turn without it.
    private static void RefuseUnread(RequestFields message, string name)
    {
        if (message.Find("function_call") is not null)
        {
            throw OpenAiException.Unsupported($"{name}.function_call", "tool_calls takes its place");
        }

        if (message.Find("audio") is not null)
        {
            throw OpenAiException.Unsupported($"{name}.audio", "text and images only");
        }
    }

    public static string Role(RequestFields fields, string name) => fields.Find("role")?.ToString() switch
    {
        // What OpenAI calls developer, templates know as system.
        "system" or "developer" => "system",
        "user" => "user",
        "assistant" => "assistant",
        "tool" => "tool",
        "function" => throw OpenAiException.Unsupported($"{name}.role", "tool takes its place"),
        _ => throw RequestFields.Wrong($"{name}.role", "system, developer, user, assistant or tool"),
    };

    /// <summary>A message of text, or of text and images; images are added to those before it.</summary>
    public static ChatMessage Message(RequestFields fields, string name, ImageParts images)
    {
        var role = Role(fields, name);
        if (fields.Find("content") is { ValueKind: JsonValueKind.String })
        {
            return new ChatMessage(role, fields.Text("content"));
        }

        // As clients send back an answer that held nothing, or a refusal.
        if (role == "assistant" && fields.Find("content") is null)
        {
            return new ChatMessage(role, fields.Find("refusal") is null ? "" : fields.Text("refusal"));
        }

        var before = images.Images.Count;
        string?[] parts = fields.Find("content") is { ValueKind: JsonValueKind.Array } content
            ? [.. content.EnumerateArray().Select(part => Part(part, name, images))]
            : throw RequestFields.Wrong($"{name}.content", "a string or an array of parts");
        return images.Images.Count == before
            ? new ChatMessage(role, string.Concat(parts))
            : ImageTurns.Message(role, parts);
    }

    // Null stands for an image.
    private static string? Part(JsonElement part, string name, ImageParts images)
    {
        var fields = part.ValueKind == JsonValueKind.Object
            ? new RequestFields(part)
            : throw RequestFields.Wrong($"{name}.content", "an array of objects");
        var type = fields.Text("type");
        if (ImageParts.IsImage(type))
        {
            images.Add(fields, name);
            return null;
        }

        return type is "text" or "input_text" or "output_text" ? fields.Text("text")
            : type is "refusal" ? fields.Text("refusal")
            : throw OpenAiException.Unsupported($"{name}.content", "parts of text and images only");
    }
}
