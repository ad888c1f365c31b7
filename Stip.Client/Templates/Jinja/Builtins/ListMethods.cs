using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>The methods of a list that do not change it.</summary>
internal static class ListMethods
{
    public static TemplateFunction? Find(IList<object?> list, string name) => name switch
    {
        "index" => arguments => Index(list, arguments.Required(0, "value")),
        "count" => arguments =>
            (long)list.Count(item => Comparison.AreEqual(item, arguments.Required(0, "value"))),
        "copy" => arguments => arguments.Budget.Count([.. list]),
        "append" or "extend" or "insert" or "pop" or "remove" or "clear" or "reverse" or "sort" => _ =>
            throw new ChatTemplateException($"a template cannot change a list: '{name}' is not allowed"),
        _ => null,
    };

    private static long Index(IList<object?> list, object? value)
    {
        for (var place = 0; place < list.Count; place++)
        {
            if (Comparison.AreEqual(list[place], value))
            {
                return place;
            }
        }

        throw new ChatTemplateException("the value is not in the list");
    }
}
