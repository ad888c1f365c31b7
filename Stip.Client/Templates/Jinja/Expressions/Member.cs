using Stip.Client.Templates.Jinja.Builtins;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>
/// value.name and value[key]: the first looks for a method before an entry, the second the other way round.
/// </summary>
internal sealed class Member(Expression owner, Expression key, bool isAttribute) : Expression
{
    private const int LongestShown = 60;

    protected override object? Compute(Scope scope)
    {
        var value = owner.Evaluate(scope);
        return Find(value, key.Evaluate(scope), isAttribute, scope.Budget);
    }

    public static object? Find(object? value, object? key, bool isAttribute, RenderBudget budget)
    {
        if (key is string text)
        {
            budget.Read(text);
        }

        if (value is Undefined undefined)
        {
            throw undefined.Error;
        }

        if (isAttribute && key is string name && Attribute(value, name) is { } method)
        {
            return method;
        }

        return value switch
        {
            TemplateMap map when TemplateMap.Key(key) is { } entry && map.TryGetValue(entry, out var found) => found,
            IList<object?> list when Arithmetic.Integer(key) is { } place => At(list, place),
            string characters when Arithmetic.Integer(key) is { } place => At(characters, place, budget),
            TemplateNamespace space when key is string entry && space.Attributes.TryGetValue(entry, out var found) =>
                found,
            _ when !isAttribute && key is string entry && Attribute(value, entry) is { } other => other,
            _ => new Undefined($"{TypeNames.Of(value)} has no element {Shown(key)}"),
        };
    }

    private static object? Attribute(object? value, string name) => value switch
    {
        LoopState loop => loop.Attribute(name),
        string text => TextMethods.Find(text, name),
        TemplateMap map => MapMethods.Find(map, name),
        IList<object?> list => ListMethods.Find(list, name),
        _ => null,
    };

    private static object? At(IList<object?> list, long place)
    {
        var index = place < 0 ? place + list.Count : place;
        return index >= 0 && index < list.Count ? list[(int)index] : new Undefined($"a list has no element {place}");
    }

    // A key may be as long as any text.
    private static string Shown(object? key) => key switch
    {
        string { Length: > LongestShown } text => $"'{text[..LongestShown]}…'",
        string or long or bool => $"'{PythonText.Str(key)}'",
        _ => $"for {TypeNames.Of(key)}",
    };

    private static object? At(string text, long place, RenderBudget budget)
    {
        budget.Read(text);
        var length = CodePoints.Length(text);
        var index = place < 0 ? place + length : place;
        return index >= 0 && index < length
            ? CodePoints.Take(text, [(int)index])
            : new Undefined($"a text has no character {place}");
    }
}
