using System.Numerics;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>What may stand behind 'is'.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, TemplateFunction> ByName = new(StringComparer.Ordinal)
    {
        ["defined"] = call => call.Positional[0] is not Undefined,
        ["undefined"] = call => call.Positional[0] is Undefined,
        ["none"] = call => call.Positional[0] is null,
        ["boolean"] = call => call.Positional[0] is bool,
        ["true"] = call => call.Positional[0] is true,
        ["false"] = call => call.Positional[0] is false,
        ["string"] = call => call.Positional[0] is string,
        ["integer"] = call => call.Positional[0] is long or BigInteger,
        ["float"] = call => call.Positional[0] is double,
        ["number"] = call => call.Positional[0] is long or double or bool or BigInteger,
        ["mapping"] = call => call.Positional[0] is TemplateMap,
        ["sequence"] = call => call.Positional[0] is string or TemplateMap or IList<object?> or Undefined,
        ["iterable"] = call => call.Positional[0] is string or TemplateMap or IList<object?> or Undefined,
        ["callable"] = call => call.Positional[0] is TemplateFunction,
        ["odd"] = call => Remainder(call, 2) == 1,
        ["even"] = call => Remainder(call, 2) == 0,
        ["divisibleby"] = call => Remainder(call, call.Integer(1, "num", 0)) == 0,
        ["lower"] = call => Read(call) is var text && text.Any(char.IsLetter) && !text.Any(char.IsUpper),
        ["upper"] = call => Read(call) is var text && text.Any(char.IsLetter) && !text.Any(char.IsLower),
        ["in"] = call => Comparison.Contains(call.Required(1, "seq"), call.Positional[0], call.Budget),
        ["sameas"] = call => call.Positional[0] is null or bool
            ? Equals(call.Positional[0], call.Required(1, "other"))
            : ReferenceEquals(call.Positional[0], call.Required(1, "other")),
        ["eq"] = call => Comparison.AreEqual(call.Positional[0], call.Required(1, "other"), call.Budget),
        ["ne"] = call => !Comparison.AreEqual(call.Positional[0], call.Required(1, "other"), call.Budget),
        ["lt"] = call => Comparison.Order(call.Positional[0], call.Required(1, "other"), call.Budget) < 0,
        ["le"] = call => Comparison.Order(call.Positional[0], call.Required(1, "other"), call.Budget) <= 0,
        ["gt"] = call => Comparison.Order(call.Positional[0], call.Required(1, "other"), call.Budget) > 0,
        ["ge"] = call => Comparison.Order(call.Positional[0], call.Required(1, "other"), call.Budget) >= 0,
        ["filter"] = call => Filters.Contains(call.Text(0, "value")),
        ["test"] = call => ByName!.ContainsKey(call.Text(0, "value")),
    };

    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal)
    {
        ["equalto"] = "eq",
        ["=="] = "eq",
        ["!="] = "ne",
        ["lessthan"] = "lt",
        ["<"] = "lt",
        ["<="] = "le",
        ["greaterthan"] = "gt",
        [">"] = "gt",
        [">="] = "ge",
    };

    public static TemplateFunction Find(string name) =>
        ByName.TryGetValue(OtherNames.GetValueOrDefault(name, name), out var test)
            ? test
            // Known where it is used: Jinja takes templates that ask for one only under a condition.
            : _ => throw new ChatTemplateException($"the chat template uses the test '{name}', which is not known");

    private static string Read(CallArguments call)
    {
        var text = call.Text(0, "value");
        call.Budget.Read(text);
        return text;
    }

    private static long Remainder(CallArguments call, long divisor) =>
        Arithmetic.Apply("%", call.Positional[0], divisor, call.Budget) switch
        {
            long remainder => remainder,
            double remainder => remainder == Math.Truncate(remainder) ? (long)remainder : -1,
            _ => -1,
        };
}
