using System.Globalization;
using System.Numerics;

namespace Stip.Client.Templates.Jinja.Values;

/// <summary>Python's "…%s…" % values, in the forms that templates use: %s, %r, %d, %i, %f, %.Nf and %%.</summary>
internal static class PercentFormat
{
    public static string Apply(string format, object? values)
    {
        var queue = new Queue<object?>(values is object?[] tuple ? tuple : [values]);
        var text = new BoundedText();
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                text.Append(format[at]);
                continue;
            }

            var end = at + 1;
            while (end < format.Length && (char.IsAsciiDigit(format[end]) || format[end] == '.'))
            {
                end++;
            }

            var kind = end < format.Length ? format[end] : '\0';
            text.Append(kind == '%' ? "%" : One(kind, format[(at + 1)..end], Next(queue)));
            at = end;
        }

        return text.ToString();
    }

    private static object? Next(Queue<object?> values) => values.TryDequeue(out var value)
        ? value
        : throw new ChatTemplateException("a text is formatted with too few values");

    private static string One(char kind, string width, object? value) => (kind, width) switch
    {
        ('s', "") => PythonText.Str(value),
        ('r', "") => PythonText.Repr(value),
        ('d' or 'i', "") when Arithmetic.Integer(value) is { } number =>
            number.ToString(CultureInfo.InvariantCulture),
        ('d' or 'i', "") when value is BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        ('d' or 'i', "") when value is double number =>
            Math.Truncate(number).ToString("F0", CultureInfo.InvariantCulture),
        ('f', _) when (value as double? ?? Arithmetic.Integer(value)) is { } number =>
            number.ToString($"F{Digits(width)}", CultureInfo.InvariantCulture),
        _ => throw new ChatTemplateException($"the format '%{width}{kind}' is not supported for {TypeNames.Of(value)}"),
    };

    private static int Digits(string width) => width.Length == 0 ? 6
        : width[0] == '.' && int.TryParse(width[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var digits)
            && digits <= 20 ? digits
        : throw new ChatTemplateException($"the format width '{width}' is not supported; supported is .0 to .20");
}
