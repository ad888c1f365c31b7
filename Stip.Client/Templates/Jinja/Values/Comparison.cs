namespace Stip.Client.Templates.Jinja.Values;

/// <summary>Equality, order and membership as Python has them.</summary>
internal static class Comparison
{
    public static bool AreEqual(object? left, object? right)
    {
        RenderBudget.GuardStack();
        return (left, right) switch
        {
            (null, null) => true,
            (Undefined, Undefined) => true,
            (string first, string second) => string.Equals(first, second, StringComparison.Ordinal),
            (TemplateMap first, TemplateMap second) => first.Count == second.Count && first.All(
                entry => second.TryGetValue(entry.Key, out var value) && AreEqual(entry.Value, value)),
            (object?[] first, object?[] second) => first.Length == second.Length && first.Zip(second).All(Same),
            (List<object?> first, List<object?> second) => first.Count == second.Count && first.Zip(second).All(Same),
            _ when Number(left) is { } first && Number(right) is { } second => first.Equals(second),
            _ => ReferenceEquals(left, right),
        };
    }

    /// <summary>Less than zero, zero or more than zero; refuses what has no order.</summary>
    public static int Order(object? left, object? right)
    {
        RenderBudget.GuardStack();
        switch (left, right)
        {
            case (string first, string second):
                return CodePoints.Compare(first, second);
            case (Undefined undefined, _):
                throw undefined.Error;
            case (_, Undefined undefined):
                throw undefined.Error;
            case (long first, long second):
                return first.CompareTo(second);
            case (IList<object?> first, IList<object?> second):
                var differing = first.Zip(second).FirstOrDefault(pair => !Same(pair), (0L, 0L));
                return AreEqual(differing.First, differing.Second)
                    ? first.Count.CompareTo(second.Count)
                    : Order(differing.First, differing.Second);
            default:
                return Number(left) is { } one && Number(right) is { } other
                    ? one.CompareTo(other)
                    : throw new ChatTemplateException(
                        $"{TypeNames.Of(left)} and {TypeNames.Of(right)} have no order");
        }
    }

    public static bool Contains(object? container, object? item) => container switch
    {
        Undefined => false,
        string text when item is string part => text.Contains(part, StringComparison.Ordinal),
        TemplateMap map => item is string key && map.ContainsKey(key),
        IList<object?> list => list.Any(value => AreEqual(value, item)),
        _ => throw new ChatTemplateException(
            $"'in' looks for {TypeNames.Of(item)} inside {TypeNames.Of(container)}"),
    };

    private static double? Number(object? value) => value switch
    {
        bool truth => truth ? 1 : 0,
        long number => number,
        double number => number,
        _ => null,
    };

    private static bool Same((object? First, object? Second) pair) => AreEqual(pair.First, pair.Second);
}
