using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>Filters over what can be iterated.</summary>
internal static class ListFilters
{
    public static Dictionary<string, TemplateFunction> All { get; } = new(StringComparer.Ordinal)
    {
        ["length"] = call => Sequences.Length(call.Positional[0]),
        ["list"] = call => Items(call).ToList(),
        ["first"] = call => Items(call) is [var first, ..] ? first : new Undefined("there is no first item"),
        ["last"] = call => Items(call) is [.., var last] ? last : new Undefined("there is no last item"),
        ["join"] = call => string.Join(
            call.Text(1, "d", string.Empty), Attributes(call, 2).Select(PythonText.Str)),
        ["reverse"] = call => call.Positional[0] is string text
            ? string.Concat(CodePoints.Characters(text).AsEnumerable().Reverse())
            : Items(call).Reverse().ToList(),
        ["sort"] = call => Sort(call, call.Flag(1, "reverse", false)),
        ["unique"] = Unique,
        ["sum"] = call => Attributes(call, 1).Aggregate(
            call.Get(2, "start", 0L), (sum, item) => Arithmetic.Apply("+", sum, item, call.Budget)),
        ["min"] = call => Extreme(call, -1),
        ["max"] = call => Extreme(call, 1),
        ["items"] = call => call.Positional[0] switch
        {
            TemplateMap map => Sequences.Pairs(map).ToList(),
            Undefined => new List<object?>(),
            var other => throw new ChatTemplateException(
                $"the filter 'items' takes a mapping, not {TypeNames.Of(other)}"),
        },
        ["dictsort"] = DictionarySort,
        ["attr"] = call => Expressions.Member.Find(call.Positional[0], call.Text(1, "name"), isAttribute: true),
        ["batch"] = call => Items(call).Chunk((int)Math.Clamp(call.Integer(1, "linecount", 1), 1, int.MaxValue))
            .Select(chunk => (object?)chunk.ToList()).ToList(),
    };

    /// <summary>The value at a dotted path such as "function.name" or "0".</summary>
    public static object? Path(object? item, object? path)
    {
        foreach (var part in path is string text ? text.Split('.') : [PythonText.Str(path)])
        {
            item = item is Undefined ? item
                : Expressions.Member.Find(item, long.TryParse(part, out var place) ? place : part, isAttribute: false);
        }

        return item;
    }

    public static IList<object?> Items(CallArguments call) => Sequences.Items(call.Positional[0]);

    private static IEnumerable<object?> Attributes(CallArguments call, int index) =>
        call.Get(index, "attribute") is { } path ? Items(call).Select(item => Path(item, path)) : Items(call);

    private static object? Folded(object? value, bool keepsCase) =>
        value is string text && !keepsCase ? TextCase.Lower(text) : value;

    private static List<object?> Sort(CallArguments call, bool isReversed)
    {
        var keepsCase = call.Flag(2, "case_sensitive", false);
        var path = call.Get(3, "attribute");
        var order = Comparer<object?>.Create(Comparison.Order);
        object? Key(object? item) => Folded(path is null ? item : Path(item, path), keepsCase);
        return isReversed ? [.. Items(call).OrderByDescending(Key, order)] : [.. Items(call).OrderBy(Key, order)];
    }

    private static List<object?> Unique(CallArguments call)
    {
        var keepsCase = call.Flag(1, "case_sensitive", false);
        var path = call.Get(2, "attribute");
        var (seen, unique) = (new List<object?>(), new List<object?>());
        foreach (var item in Items(call))
        {
            var key = Folded(path is null ? item : Path(item, path), keepsCase);
            call.Budget.Spend(seen.Count);
            if (!seen.Exists(other => Comparison.AreEqual(other, key)))
            {
                seen.Add(key);
                unique.Add(item);
            }
        }

        return unique;
    }

    private static object? Extreme(CallArguments call, int sign)
    {
        var keepsCase = call.Flag(1, "case_sensitive", false);
        object? extreme = new Undefined("an empty list has no extreme");
        foreach (var item in Items(call))
        {
            var isFurther = extreme is Undefined
                || Math.Sign(Comparison.Order(Folded(item, keepsCase), Folded(extreme, keepsCase))) == sign;
            extreme = isFurther ? item : extreme;
        }

        return extreme;
    }

    private static List<object?> DictionarySort(CallArguments call)
    {
        var map = call.Positional[0] as TemplateMap
            ?? throw new ChatTemplateException("the filter 'dictsort' takes a mapping");
        var keepsCase = call.Flag(1, "case_sensitive", false);
        var place = call.Text(2, "by", "key") == "value" ? 1 : 0;
        var order = Comparer<object?>.Create(Comparison.Order);
        object? Key(object? pair) => Folded(((object?[])pair!)[place], keepsCase);
        var pairs = Sequences.Pairs(map);
        return call.Flag(3, "reverse", false)
            ? pairs.OrderByDescending(Key, order).ToList()
            : pairs.OrderBy(Key, order).ToList();
    }
}
