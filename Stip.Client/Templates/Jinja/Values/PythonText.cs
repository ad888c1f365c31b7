using System.Globalization;
using System.Text;

namespace Stip.Client.Templates.Jinja.Values;

/// <summary>str() and repr() of Python.</summary>
internal static class PythonText
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    public static string Str(object? value) => value switch
    {
        string text => text,
        Undefined => string.Empty,
        _ => Repr(value),
    };

    public static string Repr(object? value)
    {
        RenderBudget.GuardStack();
        return value switch
        {
            null => "None",
            bool truth => truth ? "True" : "False",
            long number => number.ToString(Invariant),
            double number => Float(number),
            string text => Quote(text),
            TemplateMap map => $"{{{Join(map.Select(Entry))}}}",
            object?[] tuple => tuple.Length == 1 ? $"({Repr(tuple[0])},)" : $"({Join(tuple.Select(Repr))})",
            IList<object?> list => $"[{Join(list.Select(Repr))}]",
            Undefined => "Undefined",
            TemplateNamespace space => $"<Namespace {{{Join(space.Attributes.Select(Entry))}}}>",
            _ => "<function>",
        };
    }

    public static string Float(double number)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        }

        // The shortest digits that read back as the same number; Python turns to exponents below 1e-4 and from 1e16 on.
        var shortest = number.ToString("R", Invariant);
        if (Math.Abs(number) is < 1e-4 and > 0 or >= 1e16)
        {
            return Exponent(shortest.Contains('E') ? shortest : number.ToString("0.################E+0", Invariant));
        }

        var plain = shortest.Contains('E') ? number.ToString("F0", Invariant) : shortest;
        return plain.Contains('.') ? plain : plain + ".0";
    }

    private static string Exponent(string shortest)
    {
        var parts = shortest.Split('E');
        var exponent = int.Parse(parts[1], NumberStyles.AllowLeadingSign, Invariant);
        var sign = exponent < 0 ? '-' : '+';
        return $"{parts[0]}e{sign}{Math.Abs(exponent).ToString("00", Invariant)}";
    }

    private static string Entry(KeyValuePair<string, object?> entry) => $"{Quote(entry.Key)}: {Repr(entry.Value)}";

    private static string Join(IEnumerable<string> parts) => string.Join(", ", parts);

    private static string Quote(string text)
    {
        var mark = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var quoted = new StringBuilder().Append(mark);
        foreach (var character in text)
        {
            _ = character switch
            {
                '\\' => quoted.Append(@"\\"),
                '\n' => quoted.Append(@"\n"),
                '\r' => quoted.Append(@"\r"),
                '\t' => quoted.Append(@"\t"),
                _ when character == mark => quoted.Append('\\').Append(character),
                < ' ' or '\u007F' => quoted.Append(Invariant, $@"\x{(int)character:x2}"),
                _ => quoted.Append(character),
            };
        }

        return quoted.Append(mark).ToString();
    }
}
