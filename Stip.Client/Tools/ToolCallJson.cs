using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Stip.Protocol;

namespace Stip.Client.Tools;

/// <summary>Reads calls from JSON: objects, or lists of them, that name a function and its arguments.</summary>
internal sealed class ToolCallJson(ToolDialect dialect, IReadOnlyCollection<string> functions)
{
    // Templates of Mistral refuse ids of another length.
    private const int ShortId = 9;
    private const int LongId = 24;

    private const string IdCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

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
        if (call.ValueKind != JsonValueKind.Object || !call.TryGetProperty("name", out var name)
            || name.ValueKind != JsonValueKind.String || !functions.Contains(name.GetString()!))
        {
            return null;
        }

        var arguments = call.TryGetProperty("arguments", out var given) || call.TryGetProperty("parameters", out given)
            ? given
            : default;
        var text = arguments.ValueKind switch
        {
            JsonValueKind.Object => Whole(arguments.GetRawText()),
            JsonValueKind.String => Object(arguments.GetString()!),
            JsonValueKind.Undefined or JsonValueKind.Null => "{}",
            _ => null,
        };
        return text is null ? null : new ToolCall(NewId(), name.GetString()!, text);
    }

    /// <summary>Some models write the object as a text.</summary>
    private static string? Object(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.ValueKind == JsonValueKind.Object ? Whole(text) : null;
    }

    // A string that is half a character could not be read again when the call comes back as a message.
    private static string? Whole(string json) => JsonText.IsUnicode(Encoding.UTF8.GetBytes(json)) ? json : null;

    private string NewId() => dialect == ToolDialect.List
        ? RandomNumberGenerator.GetString(IdCharacters, ShortId)
        : $"call_{RandomNumberGenerator.GetString(IdCharacters, LongId)}";
}
