using System.Text;
using System.Text.Json;
using Stip.Protocol;

namespace Stip.Client.Tools;

/// <summary>Reads calls from JSON: objects, or lists of them, that name a function and its arguments.</summary>
internal sealed class ToolCallJson(ToolCallIds ids, IReadOnlyCollection<string> functions)
{
    /// <summary>Writes letters as they are.</summary>
    public static JsonSerializerOptions Plainly { get; } =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <returns>Null where the text is something else, or names a function that there is not.</returns>
    public IReadOnlyList<ToolCall>? Read(string text)
    {
        try
        {
            var values = Values(Encoding.UTF8.GetBytes(text));
            var calls = values.Select(Call).OfType<ToolCall>().ToList();
            return calls.Count > 0 && calls.Count == values.Count ? calls : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // No JSON, or a string that is half a character.
            return null;
        }
    }

    /// <summary>The values one after the other (some models write several, with a semicolon between them); those of
    /// lists by themselves.</summary>
    private static List<JsonElement> Values(byte[] text)
    {
        var values = new List<JsonElement>();
        for (var rest = Skip(text); rest.Length > 0; rest = Skip(rest))
        {
            var reader = new Utf8JsonReader(rest, new JsonReaderOptions { AllowMultipleValues = true });
            var value = JsonElement.ParseValue(ref reader);
            values.AddRange(value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value]);
            rest = rest[(int)reader.BytesConsumed..];
        }

        return values;
    }

    private static ReadOnlySpan<byte> Skip(ReadOnlySpan<byte> text) => text.TrimStart(" \t\r\n;"u8);

    private ToolCall? Call(JsonElement call)
    {
        if (call.ValueKind != JsonValueKind.Object || Name(call) is not { } name)
        {
            return null;
        }

        var arguments = call.TryGetProperty("arguments", out var given) || call.TryGetProperty("parameters", out given)
            || call.TryGetProperty(name, out given)
            ? given
            : default;
        var text = arguments.ValueKind switch
        {
            JsonValueKind.Object => Whole(arguments.GetRawText()),
            JsonValueKind.String => Object(arguments.GetString()!),
            JsonValueKind.Undefined or JsonValueKind.Null => "{}",
            _ => null,
        };
        return text is null ? null : new ToolCall(ids.New(), name, text);
    }

    // Command R says tool_name; Apertus has the arguments under the name itself.
    private string? Name(JsonElement call)
    {
        var name = call.TryGetProperty("name", out var given) || call.TryGetProperty("tool_name", out given)
            ? given.ValueKind == JsonValueKind.String ? given.GetString() : null
            : call.EnumerateObject().ToArray() is [{ Value.ValueKind: JsonValueKind.Object } only] ? only.Name : null;
        return name is not null && functions.Contains(name) ? name : null;
    }

    /// <summary>Some models write the object as a text.</summary>
    /// <returns>Null where it is something else.</returns>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static string? Object(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.ValueKind == JsonValueKind.Object ? Whole(text) : null;
    }

    // A string that is half a character could not be read again when the call comes back as a message.
    private static string? Whole(string json) => JsonText.IsUnicode(Encoding.UTF8.GetBytes(json)) ? json : null;
}
