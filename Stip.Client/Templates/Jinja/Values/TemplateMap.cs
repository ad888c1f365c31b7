using System.Diagnostics.CodeAnalysis;

namespace Stip.Client.Templates.Jinja.Values;

/// <summary>A dictionary of the template's language: keys in the order in which they came, texts or numbers. Numbers
/// that are equal are one key, as in Python.</summary>
internal sealed class TemplateMap() : OrderedDictionary<object, object?>(new KeyComparer())
{
    /// <summary>A value as a key; null where it cannot be one.</summary>
    public static object? Key(object? value) => value is string or long or bool or double ? value : null;

    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public new bool Equals(object? x, object? y) => Plain(x!).Equals(Plain(y!));

        public int GetHashCode([DisallowNull] object obj) => Plain(obj).GetHashCode();

        private static object Plain(object key) => key switch
        {
            bool truth => truth ? 1L : 0L,
            double number when number is >= long.MinValue and < long.MaxValue && number == Math.Truncate(number) =>
                (long)number,
            _ => key,
        };
    }
}
