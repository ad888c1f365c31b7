using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Stip.Client.Templates.Jinja.Values;

/// <summary>JSON as values of the template's language.</summary>
internal static class JsonValues
{
    private const int LongestInteger = 1000;

    public static object? Read(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return element.GetString();
            case JsonValueKind.Number:
                return Number(element);
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            case JsonValueKind.Array:
                return element.EnumerateArray().Select(Read).ToList();
            case JsonValueKind.Object:
                var map = new TemplateMap();
                foreach (var property in element.EnumerateObject())
                {
                    map[property.Name] = Read(property.Value);
                }

                return map;
            default:
                return null;
        }
    }

    private static object Number(JsonElement element)
    {
        if (element.TryGetInt64(out var integer))
        {
            return integer;
        }

        // Long ones cost time by the square of their digits.
        var digits = element.GetRawText();
        return digits.Length <= LongestInteger
            && BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var great)
            ? great
            : element.GetDouble();
    }
}
