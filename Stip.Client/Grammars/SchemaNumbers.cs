using System.Globalization;
using System.Text.Json;

namespace Stip.Client.Grammars;

/// <summary>Numbers of a JSON Schema, with their bounds.</summary>
internal static class SchemaNumbers
{
    private const decimal Largest = 1e18m;

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
            && Math.Abs(value) < Largest
            ? new NumberRange.Bound(value, isOpen)
            : throw new NotSupportedException($"the schema's '{name}' is not a number below 10^18");
    }
}
