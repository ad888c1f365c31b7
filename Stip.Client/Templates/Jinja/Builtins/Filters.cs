using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>What may stand behind '|', by name; the value is the first argument of every call.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, TemplateFunction> ByName = Create();

    public static bool Contains(string name) => ByName.ContainsKey(name);

    public static TemplateFunction Find(string name) => ByName.TryGetValue(name, out var filter)
        ? filter
        : throw new ChatTemplateException($"the chat template uses the filter '{name}', which is not known");

    private static Dictionary<string, TemplateFunction> Create()
    {
        var all = new Dictionary<string, TemplateFunction>(StringComparer.Ordinal);
        foreach (var (name, filter) in TextFilters.All.Concat(ListFilters.All).Concat(ChoiceFilters.All))
        {
            all[name] = call => Counted(filter(Read(call)), call.Budget);
        }

        all["d"] = all["default"];
        all["count"] = all["length"];
        all["e"] = all["escape"];
        return all;
    }

    private static CallArguments Read(CallArguments call)
    {
        call.Budget.Spend();
        if (call.Positional is [string text, ..])
        {
            call.Budget.Read(text);
        }

        return call;
    }

    private static object? Counted(object? made, RenderBudget budget) => made switch
    {
        string text => budget.Count(text),
        List<object?> list => budget.Count(list),
        _ => made,
    };
}
