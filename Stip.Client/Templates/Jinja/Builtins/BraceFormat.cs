using System.Globalization;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>Python's "{} {1} {name}".format(…), without format specifications.</summary>
internal static class BraceFormat
{
    public static string Apply(string format, CallArguments call)
    {
        var text = new BoundedText();
        var next = 0;
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] is not ('{' or '}'))
            {
                text.Append(format[at]);
                continue;
            }

            if (at + 1 < format.Length && format[at + 1] == format[at])
            {
                text.Append(format[at++]);
                continue;
            }

            var close = format.IndexOf('}', at);
            if (format[at] == '}' || close < 0)
            {
                throw new ChatTemplateException("a text to format has a single brace");
            }

            text.Append(PythonText.Str(Value(format[(at + 1)..close], call, ref next)));
            at = close;
        }

        return text.ToString();
    }

    private static object? Value(string field, CallArguments call, ref int next)
    {
        var isPlace = int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var place);
        if (field.Length == 0 || isPlace)
        {
            return call.Required(isPlace ? place : next++, field);
        }

        return call.Named.TryGetValue(field, out var named)
            ? named
            : throw new ChatTemplateException($"the format field '{{{field}}}' is not given or not supported");
    }
}
