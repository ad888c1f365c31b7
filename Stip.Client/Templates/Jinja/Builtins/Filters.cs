using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>What may stand behind '|', by name; the value is the first argument of every call.</summary>
internal static class Filters
{
    // What each takes, its value first; others check by themselves.
    private static readonly Dictionary<string, string[]> Takes = new(StringComparer.Ordinal)
    {
        ["default"] = ["value", "default_value", "boolean"],
        ["join"] = ["value", "d", "attribute"],
        ["sort"] = ["value", "reverse", "case_sensitive", "attribute"],
        ["unique"] = ["value", "case_sensitive", "attribute"],
        ["sum"] = ["value", "attribute", "start"],
        ["min"] = ["value", "case_sensitive", "attribute"],
        ["max"] = ["value", "case_sensitive", "attribute"],
        ["dictsort"] = ["value", "case_sensitive", "by", "reverse"],
        ["attr"] = ["value", "name"],
        ["batch"] = ["value", "linecount", "fill_with"],
        ["trim"] = ["value", "chars"],
        ["replace"] = ["value", "old", "new", "count"],
        ["indent"] = ["value", "width", "first", "blank"],
        ["tojson"] = ["value", "ensure_ascii", "indent", "separators", "sort_keys"],
        ["int"] = ["value", "default", "base"],
        ["float"] = ["value", "default"],
        ["round"] = ["value", "precision", "method"],
    };

    private static readonly string[] TakesAny = ["format", .. ChoiceFilters.All.Keys];

    private static readonly Dictionary<string, TemplateFunction> ByName = Create();

    public static bool Contains(string name) => ByName.ContainsKey(name);

    public static TemplateFunction Find(string name) => ByName.TryGetValue(name, out var filter)
        ? filter
        // Known where it is used: Jinja takes templates that ask for one only under a condition.
        : _ => throw new ChatTemplateException($"the chat template uses the filter '{name}', which is not known");

    private static Dictionary<string, TemplateFunction> Create()
    {
        var all = new Dictionary<string, TemplateFunction>(StringComparer.Ordinal);
        foreach (var (name, filter) in TextFilters.All.Concat(ListFilters.All).Concat(ChoiceFilters.All))
        {
            var takes = Takes.GetValueOrDefault(name, ["value"]);
            all[name] = TakesAny.Contains(name)
                ? call => Counted(filter(Read(call)), call.Budget)
                : call => Counted(filter(Read(call.Only(name, takes))), call.Budget);
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
