using System.Text.Json;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>Reads the fields of a request, whose text <see cref="BodyText"/> has judged, and refuses what has another
/// type or range, by name.</summary>
internal sealed class RequestFields(JsonElement body)
{
    /// <summary>The field; null where it is absent or null.</summary>
    public JsonElement? Find(string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

    public string Text(string name) => Find(name) is { } value
        ? value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(name, "a string")
        : throw OpenAiException.Invalid($"'{name}' is missing", name);

    public string? FindText(string name) => Find(name) is null ? null : Text(name);

    public bool Flag(string name) => Find(name)?.ValueKind switch
    {
        null or JsonValueKind.False => false,
        JsonValueKind.True => true,
        _ => throw Wrong(name, "true or false"),
    };

    public int? Integer(string name, int least, int most) => Find(name) is not { } value
        ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            && number >= least && number <= most
            ? number
            : throw Wrong(name, $"an integer in {least}..{most}");

    public long? Long(string name) => Find(name) is not { } value
        ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            ? number
            : throw Wrong(name, "an integer");

    public float? Number(string name, double least, double most) => Find(name) is not { } value
        ? null
        : value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number
            && number >= least && number <= most
            ? (float)number
            : throw Wrong(name, FormattableString.Invariant($"a number in {least}..{most}"));

    public IReadOnlyList<string> Texts(string name) => Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.String } one => [one.GetString()!],
        { ValueKind: JsonValueKind.Array } many when many.EnumerateArray().All(IsText) =>
            [.. many.EnumerateArray().Select(item => item.GetString()!)],
        _ => throw Wrong(name, "a string or an array of strings"),
    };

    public static OpenAiException Wrong(string name, string wanted) =>
        OpenAiException.Invalid($"'{name}' is not {wanted}", name);

    private static bool IsText(JsonElement item) => item.ValueKind == JsonValueKind.String;
}
