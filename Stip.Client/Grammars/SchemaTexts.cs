using System.Text.Json;

namespace Stip.Client.Grammars;

/// <summary>Strings of a JSON Schema: of a length, of a pattern, or of a format that is one.</summary>
internal static class SchemaTexts
{
    private const string Date = @"\d{4}-(0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|\d{4}-(0[469]|11)-(0[1-9]|[12]\d|30)"
        + @"|\d{4}-02-(0[1-9]|1\d|2[0-8])";

    private const string Time = @"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)";
    private const string Byte = @"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)";
    private const string Label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";

    private static readonly Dictionary<string, string> Formats = new(StringComparer.Ordinal)
    {
        ["date"] = $"^({Date})$",
        ["time"] = $"^{Time}$",
        ["date-time"] = $"^({Date})T{Time}$",
        ["duration"] = @"^P(\d{1,4}W|\d{1,4}D(T\d{1,4}H)?|T\d{1,4}(H(\d{1,4}M)?|M(\d{1,4}S)?|S))$",
        ["uuid"] = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        ["email"] = @"^[a-zA-Z0-9_+-]+(\.[a-zA-Z0-9_+-]+)*@" + Label + @"(\." + Label + ")+$",
        ["hostname"] = $@"^{Label}(\.{Label})*$",
        ["ipv4"] = $@"^{Byte}(\.{Byte}){{3}}$",
        ["ipv6"] = "^[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7}$",
    };

    public static GrammarNode Rule(JsonElement schema, int? least, int? most)
    {
        var pattern = Text(schema, "pattern");
        var format = Text(schema, "format");
        if (pattern is null && format is null)
        {
            return JsonRules.TextOf(least ?? 0, most);
        }

        if ((pattern is not null && format is not null) || least is not null || most is not null)
        {
            throw new NotSupportedException(
                $"the schema's '{(pattern is null ? "format" : "pattern")}' is not supported beside "
                + (pattern is not null && format is not null ? "'format'" : "'minLength' and 'maxLength'"));
        }

        return PatternRules.Rule(pattern ?? Formats.GetValueOrDefault(format!) ?? throw new NotSupportedException(
            $"the schema's 'format' '{format}' is none of {string.Join(", ", Formats.Keys)}"));
    }

    private static string? Text(JsonElement schema, string name) => !schema.TryGetProperty(name, out var text)
        ? null
        : text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : throw new NotSupportedException($"the schema's '{name}' is not a text");
}
