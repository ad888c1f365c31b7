using System.Globalization;
using System.Text.Json;

namespace Stip.Client.Grammars;

/// <summary>Numbers of a JSON Schema, with their bounds.</summary>
internal static class SchemaNumbers
{
    private const decimal Largest = 1e18m;

    // Of a decimal.
    private const int MostDigits = 28;

    public static GrammarNode Rule(JsonElement schema, bool isInteger)
    {
        var least = Tighter(Bound(schema, "minimum", false), Bound(schema, "exclusiveMinimum", true), isLeast: true);
        var most = Tighter(Bound(schema, "maximum", false), Bound(schema, "exclusiveMaximum", true), isLeast: false);
        if (least is null && most is null)
        {
            return isInteger ? JsonRules.Integer : JsonRules.Number;
        }

        return NumberRange.Of(least, most, isInteger)
            ?? throw new NotSupportedException("the schema's bounds leave no number");
    }

    private static NumberRange.Bound? Tighter(NumberRange.Bound? one, NumberRange.Bound? other, bool isLeast) =>
        (one, other) switch
        {
            ({ } a, { } b) => a.Value == b.Value ? b : a.Value > b.Value == isLeast ? a : b,
            _ => one ?? other,
        };

    private static NumberRange.Bound? Bound(JsonElement schema, string name, bool isOpen)
    {
        if (!schema.TryGetProperty(name, out var bound))
        {
            return null;
        }

        return bound.ValueKind == JsonValueKind.Number
            && decimal.TryParse(bound.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && Math.Abs(value) < Largest && IsExact(bound.GetRawText())
            ? new NumberRange.Bound(value, isOpen)
            : throw new NotSupportedException(
                $"the schema's '{name}' is not a number below 10^18 with at most {MostDigits} digits");
    }

    // Further digits were rounded.
    private static bool IsExact(string text)
    {
        var parts = text.TrimStart('-').Split('e', 'E');
        var point = parts[0].IndexOf('.', StringComparison.Ordinal);
        var digits = parts[0].Replace(".", "", StringComparison.Ordinal).TrimEnd('0');
        var behindPoint = point < 0 ? digits.Length - parts[0].Length : digits.Length - point;
        return digits.Length == 0 || (digits.TrimStart('0').Length <= MostDigits
            && Exponent(parts) is { } exponent && behindPoint - (long)exponent <= MostDigits);
    }

    private static int? Exponent(string[] parts) => parts.Length == 1 ? 0
        : int.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent)
            ? exponent
            : null;
}
