using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>The methods of a mapping that do not change it.</summary>
internal static class MapMethods
{
    public static TemplateFunction? Find(TemplateMap map, string name) => name switch
    {
        "items" => arguments => arguments.Budget.Count(Sequences.Pairs(map).ToList()),
        "keys" => arguments => arguments.Budget.Count(map.Keys.Cast<object?>().ToList()),
        "values" => arguments => arguments.Budget.Count(map.Values.ToList()),
        "get" => arguments => arguments.Only(name, "key", "default").Required(0, "key") is var wanted
            && TemplateMap.Key(wanted) is { } key
            && map.TryGetValue(key, out var value)
            ? value
            : arguments.Get(1, "default"),
        "copy" => arguments => Copy(map, arguments.Budget),
        "update" or "pop" or "popitem" or "clear" or "setdefault" => _ => throw new ChatTemplateException(
            $"a template cannot change a mapping: '{name}' is not allowed"),
        _ => null,
    };

    private static TemplateMap Copy(TemplateMap map, RenderBudget budget)
    {
        budget.Spend(map.Count);
        var copy = new TemplateMap();
        foreach (var (key, value) in map)
        {
            copy[key] = value;
        }

        return copy;
    }
}
