using System.Globalization;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>strftime of Python, in the C locale.</summary>
internal static class TimeFormat
{
    public static string Write(DateTimeOffset time, string format)
    {
        var text = new BoundedText();
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%' || at + 1 == format.Length)
            {
                text.Append(format[at]);
                continue;
            }

            var bare = format[at + 1] == '-' && at + 2 < format.Length;
            at += bare ? 2 : 1;
            var part = Part(time, format[at]);
            text.Append(bare ? part.TrimStart('0') is { Length: > 0 } number ? number : "0" : part);
        }

        return text.ToString();
    }

    private static string Part(DateTimeOffset time, char code) => code switch
    {
        'Y' => Format(time, "yyyy"),
        'y' => Format(time, "yy"),
        'm' => Format(time, "MM"),
        'd' => Format(time, "dd"),
        'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'B' => Format(time, "MMMM"),
        'b' or 'h' => Format(time, "MMM"),
        'A' => Format(time, "dddd"),
        'a' => Format(time, "ddd"),
        'H' => Format(time, "HH"),
        'I' => Format(time, "hh"),
        'M' => Format(time, "mm"),
        'S' => Format(time, "ss"),
        'f' => Format(time, "ffffff"),
        'p' => Format(time, "tt"),
        'F' => Format(time, "yyyy-MM-dd"),
        'T' => Format(time, "HH:mm:ss"),
        'D' => Format(time, "MM/dd/yy"),
        'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'n' => "\n",
        't' => "\t",
        'z' or 'Z' => string.Empty,
        '%' => "%",
        _ => throw new ChatTemplateException($"the time format '%{code}' is not supported"),
    };

    private static string Format(DateTimeOffset time, string format) =>
        time.ToString(format, CultureInfo.InvariantCulture);
}
