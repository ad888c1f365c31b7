using System.Text.Json;

namespace Stip.Client.Tokenization;

/// <summary>Typed reading of tokenizer.json; whatever is missing or of another type is named in one line.</summary>
internal static class JsonFields
{
    public static JsonElement? Child(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var child)
            && child.ValueKind != JsonValueKind.Null
            ? child
            : null;

    public static JsonElement Required(this JsonElement element, string name) =>
        element.Child(name) ?? throw new InvalidDataException($"the field '{name}' is missing");

    public static string Text(this JsonElement element, string name) =>
        element.OptionalText(name) ?? throw new InvalidDataException($"the text field '{name}' is missing");

    public static string? OptionalText(this JsonElement element, string name) => element.Child(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        { } other => throw new InvalidDataException($"the field '{name}' is {other.ValueKind}, not a text"),
    };

    public static bool Flag(this JsonElement element, string name, bool fallback) =>
        element.Child(name)?.ValueKind switch
        {
            null => fallback,
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            var other => throw new InvalidDataException($"the field '{name}' is {other}, not true or false"),
        };

    public static int Count(this JsonElement element, string name, int? fallback = null)
    {
        if (element.Child(name) is not { } value)
        {
            return fallback ?? throw new InvalidDataException($"the number field '{name}' is missing");
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 0
            ? number
            : throw new InvalidDataException($"the field '{name}' is not an integer from 0 to {int.MaxValue}");
    }

    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) => element.Child(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } array => array.EnumerateArray(),
        { } other => throw new InvalidDataException($"the field '{name}' is {other.ValueKind}, not a list"),
    };

    public static char SingleChar(this JsonElement element, string name)
    {
        var text = element.Text(name);
        return text.Length == 1
            ? text[0]
            : throw new InvalidDataException($"the field '{name}' must be one character, not {text.Length}");
    }
}
