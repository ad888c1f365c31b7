namespace Stip.Client.Templates.Jinja.Values;

/// <summary>What can be counted and iterated.</summary>
internal static class Sequences
{
    /// <summary>The items, each of which counts as a step.</summary>
    public static IList<object?> Items(object? value, RenderBudget budget) => value switch
    {
        Undefined => Array.Empty<object?>(),
        string text => budget.Count(CodePoints.Characters(text)),
        TemplateMap map => budget.Count([.. map.Keys]),
        IList<object?> list => Counted(list, budget),
        _ => throw new ChatTemplateException($"{TypeNames.Of(value)} cannot be iterated"),
    };

    public static long Length(object? value, RenderBudget budget) => value switch
    {
        Undefined => 0,
        string text => Length(text, budget),
        TemplateMap map => map.Count,
        IList<object?> list => list.Count,
        _ => throw new ChatTemplateException($"{TypeNames.Of(value)} has no length"),
    };

    public static IEnumerable<object?> Pairs(TemplateMap map) =>
        map.Select(entry => (object?)new[] { entry.Key, entry.Value });

    /// <summary>value[start:stop:step].</summary>
    public static object? Slice(object? value, long? start, long? stop, long? step, RenderBudget budget)
    {
        var count = Length(value is Undefined undefined ? throw undefined.Error : value, budget);
        var places = Places(count, start, stop, step ?? 1);
        return value switch
        {
            string text => CodePoints.Take(text, places),
            object?[] tuple => places.Select(place => tuple[place]).ToArray(),
            IList<object?> list => places.Select(place => list[place]).ToList(),
            _ => throw new ChatTemplateException($"{TypeNames.Of(value)} cannot be sliced"),
        };
    }

    private static IList<object?> Counted(IList<object?> list, RenderBudget budget)
    {
        budget.Spend(list.Count);
        return list;
    }

    private static long Length(string text, RenderBudget budget)
    {
        budget.Read(text);
        return CodePoints.Length(text);
    }

    private static IEnumerable<int> Places(long count, long? start, long? stop, long step)
    {
        if (step == 0)
        {
            throw new ChatTemplateException("the step of a slice is 0; allowed is any other integer");
        }

        var (low, high) = step > 0 ? (0, count) : (-1, count - 1);
        var from = start is null ? (step > 0 ? low : high) : Clamp(start.Value, count, low, high);
        var to = stop is null ? (step > 0 ? high : low) : Clamp(stop.Value, count, low, high);
        for (var place = from; step > 0 ? place < to : place > to; place += step)
        {
            yield return (int)place;
        }
    }

    private static long Clamp(long place, long count, long low, long high) =>
        Math.Clamp(place < 0 ? place + count : place, low, high);
}
