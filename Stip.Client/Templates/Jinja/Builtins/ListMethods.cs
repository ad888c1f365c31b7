using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>The methods of a list that do not change it.</summary>
internal static class ListMethods
{
    public static TemplateFunction? Find(IList<object?> list, string name) => name switch
    {
        "index" => arguments => Index(list, arguments.Only(name, "value", "start", "stop")),
        "count" => arguments => Count(list, arguments.Only(name, "value")),
        "copy" => arguments => arguments.Only(name).Budget.Count([.. list]),
        "append" or "extend" or "insert" or "pop" or "remove" or "clear" or "reverse" or "sort" => _ =>
            throw new ChatTemplateException($"a template cannot change a list: '{name}' is not allowed"),
        _ => null,
    };

    private static long Count(IList<object?> list, CallArguments arguments)
    {
        var value = arguments.Required(0, "value");
        return list.LongCount(item => Comparison.AreEqual(item, value, arguments.Budget));
    }

    private static long Index(IList<object?> list, CallArguments arguments)
    {
        var value = arguments.Required(0, "value");
        var (start, stop) = arguments.Window(1, list.Count);
        for (var place = start; place < stop; place++)
        {
            if (Comparison.AreEqual(list[(int)place], value, arguments.Budget))
            {
                return place;
            }
        }

        throw new ChatTemplateException("the value is not in the list");
    }
}
