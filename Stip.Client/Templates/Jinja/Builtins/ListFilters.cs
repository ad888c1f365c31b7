using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>Filters over what can be iterated.</summary>
internal static class ListFilters
{
    public static Dictionary<string, TemplateFunction> All { get; } = new(StringComparer.Ordinal)
    {
        ["length"] = call => Sequences.Length(call.Positional[0], call.Budget),
        ["list"] = call => Items(call).ToList(),
        ["first"] = call => Items(call) is [var first, ..] ? first : new Undefined("there is no first item"),
        ["last"] = call => Items(call) is [.., var last] ? last : new Undefined("there is no last item"),
        ["join"] = call => Join(call.Text(1, "d", string.Empty), Attributes(call, 2).Select(PythonText.Str)),
        ["reverse"] = call => call.Positional[0] is string
            ? string.Concat(Items(call).Reverse())
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
        ["attr"] = call => Expressions.Member.Find(
            call.Positional[0], call.Text(1, "name"), isAttribute: true, call.Budget),
        ["batch"] = Batch,
    };

    /// <summary>The value at a dotted path such as "function.name" or "0".</summary>
    public static object? Path(object? item, object? path, RenderBudget budget)
    {
        budget.Spend();
        foreach (var part in path is string text ? Parts(text, budget) : [PythonText.Str(path)])
        {
            item = item is Undefined ? item
                : Expressions.Member.Find(
                    item, long.TryParse(part, out var place) ? place : part, isAttribute: false, budget);
        }

        return item;
    }

    public static IList<object?> Items(CallArguments call) => Sequences.Items(call.Positional[0], call.Budget);

    /// <summary>Texts with another one between them.</summary>
    public static string Join(string separator, IEnumerable<string> texts)
    {
        var joined = new BoundedText();
        var isFirst = true;
        foreach (var text in texts)
        {
            joined.Append(isFirst ? string.Empty : separator).Append(text);
            isFirst = false;
        }

        return joined.ToString();
    }

    private static IEnumerable<object?> Attributes(CallArguments call, int index) =>
        call.Get(index, "attribute") is { } path
            ? Items(call).Select(item => Path(item, path, call.Budget))
            : Items(call);

    private static object? Folded(object? value, bool keepsCase) =>
        value is string text && !keepsCase ? TextCase.Lower(text) : value;

    private static string[] Parts(string path, RenderBudget budget)
    {
        budget.Read(path);
        return path.Split('.');
    }

    private static Comparer<object?> Order(CallArguments call) => Comparer<object?>.Create(
        (first, second) => Comparison.Order(first, second, call.Budget));

    private static List<object?> Sort(CallArguments call, bool isReversed)
    {
        var keepsCase = call.Flag(2, "case_sensitive", false);
        var path = call.Get(3, "attribute");
        var order = Order(call);
        object? Key(object? item) => Folded(path is null ? item : Path(item, path, call.Budget), keepsCase);
        return Sorted(isReversed ? Items(call).OrderByDescending(Key, order) : Items(call).OrderBy(Key, order));
    }

    private static List<object?> Unique(CallArguments call)
    {
        var keepsCase = call.Flag(1, "case_sensitive", false);
        var path = call.Get(2, "attribute");
        var (seen, unique) = (new List<object?>(), new List<object?>());
        foreach (var item in Items(call))
        {
            var key = Folded(path is null ? item : Path(item, path, call.Budget), keepsCase);
            if (!seen.Exists(other => Comparison.AreEqual(other, key, call.Budget)))
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
        var path = call.Get(2, "attribute");
        object? Key(object? item) => Folded(path is null ? item : Path(item, path, call.Budget), keepsCase);
        object? extreme = new Undefined("an empty list has no extreme");
        foreach (var item in Items(call))
        {
            var isFurther = extreme is Undefined
                || Math.Sign(Comparison.Order(Key(item), Key(extreme), call.Budget)) == sign;
            extreme = isFurther ? item : extreme;
        }

        return extreme;
    }

    private static List<object?> Batch(CallArguments call)
    {
        var length = (int)Math.Clamp(call.Integer(1, "linecount", 1), 1, int.MaxValue);
        var lines = Items(call).Chunk(length).Select(chunk => chunk.ToList()).ToList();
        if (call.Get(2, "fill_with") is { } filling && lines is [.., var last])
        {
            RenderBudget.RefuseBeyond(length);
            last.AddRange(Enumerable.Repeat<object?>(filling, length - last.Count));
            call.Budget.Spend(length);
        }

        return [.. lines];
    }

    private static List<object?> DictionarySort(CallArguments call)
    {
        var map = call.Positional[0] as TemplateMap
            ?? throw new ChatTemplateException("the filter 'dictsort' takes a mapping");
        var keepsCase = call.Flag(1, "case_sensitive", false);
        var place = call.Text(2, "by", "key") == "value" ? 1 : 0;
        var order = Order(call);
        object? Key(object? pair) => Folded(((object?[])pair!)[place], keepsCase);
        var pairs = Sequences.Pairs(map);
        return Sorted(
            call.Flag(3, "reverse", false) ? pairs.OrderByDescending(Key, order) : pairs.OrderBy(Key, order));
    }

    // Sorting hides what its comparer throws.
    private static List<object?> Sorted(IEnumerable<object?> items)
    {
        try
        {
            return [.. items];
        }
        catch (InvalidOperationException fault) when (fault.InnerException is ChatTemplateException refusal)
        {
            throw new ChatTemplateException(refusal.Message, fault);
        }
    }
}
