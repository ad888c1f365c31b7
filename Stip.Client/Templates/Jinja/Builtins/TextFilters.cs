using System.Globalization;
using System.Numerics;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>Filters whose result is a text or a number.</summary>
internal static class TextFilters
{
    public static Dictionary<string, TemplateFunction> All { get; } = new(StringComparer.Ordinal)
    {
        ["string"] = call => Text(call),
        ["safe"] = call => call.Positional[0],
        ["escape"] = call => Escape(Text(call)),
        ["upper"] = call => TextCase.Upper(Text(call)),
        ["lower"] = call => TextCase.Lower(Text(call)),
        ["title"] = call => TextCase.Words(Text(call)),
        ["capitalize"] = call => TextCase.Capitalize(Text(call)),
        ["trim"] = Trim,
        ["replace"] = call => TextSplitting.Replace(
            Text(call), call.Text(1, "old"), call.Text(2, "new"), call.Integer(3, "count", -1), call.Budget),
        ["indent"] = Indent,
        ["wordcount"] = call => TextSplitting.WordCount(Text(call)),
        ["format"] = call => PercentFormat.Apply(Text(call), call.Positional[1..].ToArray()),
        ["tojson"] = ToJson,
        ["int"] = ToInteger,
        ["float"] = call => Number(call.Positional[0]) ?? call.Get(1, "default", 0.0),
        ["abs"] = call => call.Positional[0] switch
        {
            double number => (object)Math.Abs(number),
            var value => Math.Abs(Arithmetic.Integer(value) ?? throw NotNumber("abs", value)),
        },
        ["round"] = Round,
        ["default"] = call => call.Positional[0] is Undefined || (call.Flag(2, "boolean", false)
            && !Truth.Of(call.Positional[0])) ? call.Get(1, "default_value", string.Empty) : call.Positional[0],
    };

    private static string Text(CallArguments call) => PythonText.Str(call.Positional[0]);

    private static string Trim(CallArguments call)
    {
        var (text, characters) = (Text(call), call.Get(1, "chars") is null ? null : call.Text(1, "chars"));
        call.Budget.Search(text, characters ?? string.Empty);
        return PythonSpaces.Strip(text, true, true, characters);
    }

    public static string Escape(string text)
    {
        var escaped = new BoundedText();
        foreach (var character in text)
        {
            _ = character switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '\'' => escaped.Append("&#39;"),
                '"' => escaped.Append("&#34;"),
                _ => escaped.Append(character),
            };
        }

        return escaped.ToString();
    }

    private static string Indent(CallArguments call)
    {
        var width = call.Get(1, "width", 4L) is string text
            ? text
            : new string(' ', (int)Math.Clamp(call.Integer(1, "width", 4), 0, 1000));
        var (first, blank) = (call.Flag(2, "first", false), call.Flag(3, "blank", false));
        var lines = TextSplitting.Lines(Text(call) + "\n", keepsEnds: false).Cast<string>().ToArray();
        var indented = new BoundedText();
        for (var index = 0; index < lines.Length; index++)
        {
            var line = lines[index];
            indented.Append(index == 0 ? string.Empty : "\n")
                .Append((index == 0 ? first : blank || line.Length > 0) ? width : string.Empty).Append(line);
        }

        return indented.ToString();
    }

    private static string ToJson(CallArguments call)
    {
        var separators = call.Get(3, "separators") as IList<object?>;
        return JsonText.Write(
            call.Positional[0] is Undefined undefined ? throw undefined.Error : call.Positional[0],
            call.Get(2, "indent") is null ? null : (int)Math.Min(call.Integer(2, "indent", 0), 100),
            separators?.ElementAtOrDefault(0) as string,
            separators?.ElementAtOrDefault(1) as string,
            call.Flag(4, "sort_keys", false),
            call.Flag(1, "ensure_ascii", false));
    }

    private static object? ToInteger(CallArguments call)
    {
        var value = call.Positional[0];
        if (value is BigInteger)
        {
            return value;
        }

        var radix = (int)call.Integer(2, "base", 10);
        if (value is string text && radix is 2 or 8 or 16)
        {
            return ParseRadix(text, radix) ?? call.Get(1, "default", 0L);
        }

        return Arithmetic.Integer(value) ?? (value is string whole && long.TryParse(
                whole.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed) ? parsed
            : Number(value) is { } number && Math.Abs(number) < 9e18 ? (long)number
            : call.Get(1, "default", 0L));
    }

    private static long? ParseRadix(string text, int radix)
    {
        try
        {
            return Convert.ToInt64(text.Trim(), radix);
        }
        catch (Exception fault) when (fault is FormatException or OverflowException or ArgumentException)
        {
            return null;
        }
    }

    private static object? Round(CallArguments call)
    {
        var digits = (int)Math.Clamp(call.Integer(1, "precision", 0), -18, 15);
        var method = call.Text(2, "method", "common");
        if (method == "common" && Arithmetic.Integer(call.Positional[0]) is { } whole)
        {
            return Rounding.Round(whole, digits);
        }

        var value = Number(call.Positional[0]) ?? throw NotNumber("round", call.Positional[0]);
        var scale = Math.Pow(10, digits);
        return method switch
        {
            "common" => Rounding.Round(value, digits),
            "ceil" => Math.Ceiling(value * scale) / scale,
            "floor" => Math.Floor(value * scale) / scale,
            _ => throw new ChatTemplateException("the method of round must be common, ceil or floor"),
        };
    }

    private static double? Number(object? value) => value switch
    {
        double number => number,
        BigInteger number => (double)number,
        string text => double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : null,
        _ => Arithmetic.Integer(value),
    };

    private static ChatTemplateException NotNumber(string filter, object? value) =>
        new($"the filter '{filter}' takes a number, not {TypeNames.Of(value)}");
}
