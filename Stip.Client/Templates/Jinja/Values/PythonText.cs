using System.Globalization;
using System.Numerics;

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
        var text = new BoundedText();
        Write(text, value);
        return text.ToString();
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

    private static void Write(BoundedText text, object? value)
    {
        RenderBudget.GuardStack();
        switch (value)
        {
            case string quoted:
                Quote(text, quoted);
                break;
            case TemplateMap map:
                Join(text.Append('{'), map, Entry).Append('}');
                break;
            case object?[] tuple:
                Join(text.Append('('), tuple, Write).Append(tuple.Length == 1 ? ",)" : ")");
                break;
            case IList<object?> list:
                Join(text.Append('['), list, Write).Append(']');
                break;
            case TemplateNamespace space:
                Join(text.Append("<Namespace {"), space.Attributes, Attribute).Append("}>");
                break;
            default:
                text.Append(Plain(value));
                break;
        }
    }

    private static string Plain(object? value) => value switch
    {
        null => "None",
        bool truth => truth ? "True" : "False",
        long number => number.ToString(Invariant),
        double number => Float(number),
        BigInteger number => number.ToString(Invariant),
        Undefined => "Undefined",
        _ => "<function>",
    };

    private static void Entry(BoundedText text, KeyValuePair<object, object?> entry)
    {
        Write(text, entry.Key);
        Write(text.Append(": "), entry.Value);
    }

    private static void Attribute(BoundedText text, KeyValuePair<string, object?> attribute) =>
        Entry(text, new(attribute.Key, attribute.Value));

    private static BoundedText Join<T>(BoundedText text, IEnumerable<T> parts, Action<BoundedText, T> write)
    {
        var isFirst = true;
        foreach (var part in parts)
        {
            text.Append(isFirst ? string.Empty : ", ");
            write(text, part);
            isFirst = false;
        }

        return text;
    }

    private static void Quote(BoundedText text, string value)
    {
        var mark = value.Contains('\'') && !value.Contains('"') ? '"' : '\'';
        text.Append(mark);
        foreach (var character in value)
        {
            _ = character switch
            {
                '\\' => text.Append(@"\\"),
                '\n' => text.Append(@"\n"),
                '\r' => text.Append(@"\r"),
                '\t' => text.Append(@"\t"),
                _ when character == mark => text.Append('\\').Append(character),
                < ' ' or '\u007F' => text.Append(string.Create(Invariant, $@"\x{(int)character:x2}")),
                _ => text.Append(character),
            };
        }

        text.Append(mark);
    }
}
