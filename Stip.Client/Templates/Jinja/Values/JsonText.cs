using System.Globalization;
using System.Numerics;

namespace Stip.Client.Templates.Jinja.Values;

/// <summary>json.dumps of Python, as the filter tojson calls it.</summary>
internal sealed class JsonText(int? indent, string itemSeparator, string keySeparator, bool sortsKeys, bool asciiOnly)
{
    private readonly BoundedText _json = new();

    public static string Write(
        object? value, int? indent, string? itemSeparator, string? keySeparator, bool sortsKeys, bool asciiOnly)
    {
        var items = itemSeparator ?? (indent is null ? ", " : ",");
        var writer = new JsonText(indent, items, keySeparator ?? ": ", sortsKeys, asciiOnly);
        writer.Append(value, 0);
        return writer._json.ToString();
    }

    private void Append(object? value, int depth)
    {
        RenderBudget.GuardStack();
        _ = value switch
        {
            null => _json.Append("null"),
            bool truth => _json.Append(truth ? "true" : "false"),
            long number => _json.Append(number.ToString(CultureInfo.InvariantCulture)),
            double number => _json.Append(Number(number)),
            BigInteger number => _json.Append(number.ToString(CultureInfo.InvariantCulture)),
            string text => Quote(text),
            TemplateMap map => Map(map, depth),
            IList<object?> list => List(list, depth),
            _ => throw new ChatTemplateException($"tojson cannot write {TypeNames.Of(value)}"),
        };
    }

    private static string Escaped(char character) =>
        string.Create(CultureInfo.InvariantCulture, $@"\u{(int)character:x4}");

    private static string Number(double number) => PythonText.Float(number) switch
    {
        "nan" => "NaN",
        "inf" => "Infinity",
        "-inf" => "-Infinity",
        var text => text,
    };

    private static string Key(object key) => key switch
    {
        string text => text,
        double number => Number(number),
        _ => PythonText.Str(key).ToLowerInvariant(),
    };

    private static IEnumerable<KeyValuePair<object, object?>> Sorted(TemplateMap map)
    {
        var texts = map.Keys.Count(key => key is string);
        return texts == map.Count ? map.OrderBy(entry => (string)entry.Key, Comparer<string>.Create(CodePoints.Compare))
            : texts == 0 ? map.OrderBy(entry => Convert.ToDouble(entry.Key, CultureInfo.InvariantCulture))
            : throw new ChatTemplateException("tojson cannot sort keys of which some are numbers");
    }

    private BoundedText Map(TemplateMap map, int depth)
    {
        var entries = sortsKeys ? Sorted(map) : map;
        return Items('{', '}', map.Count, depth, entries, entry =>
        {
            Quote(Key(entry.Key)).Append(keySeparator);
            Append(entry.Value, depth + 1);
        });
    }

    private BoundedText List(IList<object?> list, int depth) =>
        Items('[', ']', list.Count, depth, list, item => Append(item, depth + 1));

    private BoundedText Items<T>(
        char open, char close, int count, int depth, IEnumerable<T> items, Action<T> write)
    {
        _json.Append(open);
        var isFirst = true;
        foreach (var item in items)
        {
            _json.Append(isFirst ? string.Empty : itemSeparator);
            NewLine(depth + 1);
            write(item);
            isFirst = false;
        }

        if (count > 0)
        {
            NewLine(depth);
        }

        return _json.Append(close);
    }

    private void NewLine(int depth)
    {
        if (indent is { } width)
        {
            _json.Append('\n').Append(' ', Math.Max(0, width) * depth);
        }
    }

    private BoundedText Quote(string text)
    {
        _json.Append('"');
        foreach (var character in text)
        {
            _ = character switch
            {
                '"' => _json.Append("\\\""),
                '\\' => _json.Append(@"\\"),
                '\n' => _json.Append(@"\n"),
                '\r' => _json.Append(@"\r"),
                '\t' => _json.Append(@"\t"),
                '\b' => _json.Append(@"\b"),
                '\f' => _json.Append(@"\f"),
                < ' ' => _json.Append(Escaped(character)),
                > '~' when asciiOnly => _json.Append(Escaped(character)),
                _ => _json.Append(character),
            };
        }

        return _json.Append('"');
    }
}
