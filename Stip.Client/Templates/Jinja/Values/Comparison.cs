using System.Numerics;

namespace Stip.Client.Templates.Jinja.Values;

/// <summary>Equality, order and membership as Python has them.</summary>
internal static class Comparison
{
    public static bool AreEqual(object? left, object? right, RenderBudget budget)
    {
        RenderBudget.GuardStack();
        budget.Spend();
        return (left, right) switch
        {
            (null, null) => true,
            (Undefined, Undefined) => true,
            (BigInteger first, BigInteger second) => first == second,
            (string first, string second) => first.Length == second.Length && AreEqual(first, second, budget),
            _ when left is not (null or double) && ReferenceEquals(left, right) => true,
            (TemplateMap first, TemplateMap second) => first.Count == second.Count && first.All(
                entry => second.TryGetValue(entry.Key, out var value) && AreEqual(entry.Value, value, budget)),
            (object?[] first, object?[] second) => first.Length == second.Length && first.Zip(second).All(Same),
            (List<object?> first, List<object?> second) => first.Count == second.Count && first.Zip(second).All(Same),
            _ when Number(left) is { } first && Number(right) is { } second => first.Equals(second),
            _ => ReferenceEquals(left, right),
        };

        bool Same((object? First, object? Second) pair) => AreEqual(pair.First, pair.Second, budget);
    }

    /// <summary>Less than zero, zero or more than zero; refuses what has no order.</summary>
    public static int Order(object? left, object? right, RenderBudget budget)
    {
        RenderBudget.GuardStack();
        budget.Spend();
        switch (left, right)
        {
            case (string first, string second):
                budget.Spend(Math.Min(first.Length, second.Length) >> 5);
                return CodePoints.Compare(first, second);
            case (Undefined undefined, _):
                throw undefined.Error;
            case (_, Undefined undefined):
                throw undefined.Error;
            case (BigInteger first, BigInteger second):
                return first.CompareTo(second);
            case (long first, long second):
                return first.CompareTo(second);
            case (IList<object?> first, IList<object?> second):
                foreach (var (one, other) in first.Zip(second))
                {
                    if (!AreEqual(one, other, budget))
                    {
                        return Order(one, other, budget);
                    }
                }

                return first.Count.CompareTo(second.Count);
            default:
                return Number(left) is { } low && Number(right) is { } high
                    ? low.CompareTo(high)
                    : throw new ChatTemplateException(
                        $"{TypeNames.Of(left)} and {TypeNames.Of(right)} have no order");
        }
    }

    public static bool Contains(object? container, object? item, RenderBudget budget) => container switch
    {
        Undefined => false,
        string text when item is string part => Holds(text, part, budget),
        TemplateMap map => TemplateMap.Key(item) is { } key && map.ContainsKey(key),
        IList<object?> list => list.Any(value => AreEqual(value, item, budget)),
        _ => throw new ChatTemplateException(
            $"'in' looks for {TypeNames.Of(item)} inside {TypeNames.Of(container)}"),
    };

    private static double? Number(object? value) => value switch
    {
        bool truth => truth ? 1 : 0,
        long number => number,
        double number => number,
        BigInteger number => (double)number,
        _ => null,
    };

    private static bool AreEqual(string left, string right, RenderBudget budget)
    {
        budget.Read(left);
        return string.Equals(left, right, StringComparison.Ordinal);
    }

    private static bool Holds(string text, string part, RenderBudget budget)
    {
        budget.Search(text, part);
        return text.Contains(part, StringComparison.Ordinal);
    }
}
