using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>Filters that apply a filter or a test, named by text, to every item.</summary>
internal static class ChoiceFilters
{
    public static Dictionary<string, TemplateFunction> All { get; } = new(StringComparer.Ordinal)
    {
        ["map"] = Map,
        ["select"] = call => Choose(call, wanted: true, byAttribute: false),
        ["reject"] = call => Choose(call, wanted: false, byAttribute: false),
        ["selectattr"] = call => Choose(call, wanted: true, byAttribute: true),
        ["rejectattr"] = call => Choose(call, wanted: false, byAttribute: true),
    };

    private static List<object?> Map(CallArguments call)
    {
        if (call.Named.TryGetValue("attribute", out var path))
        {
            var fallback = call.Named.GetValueOrDefault("default");
            return Items(call).Select(item => ListFilters.Path(item, path, call.Budget))
                .Select(value => value is Undefined && call.Named.ContainsKey("default") ? fallback : value).ToList();
        }

        var filter = Filters.Find(call.Text(1, "filter"));
        return Items(call).Select(item => filter(With(call, 2, item))).ToList();
    }

    private static List<object?> Choose(CallArguments call, bool wanted, bool byAttribute)
    {
        var next = byAttribute ? 2 : 1;
        var path = byAttribute ? call.Required(1, "attribute") : null;
        var test = call.Positional.Count > next ? Tests.Find(call.Text(next, "test")) : null;
        return Items(call).Where(item =>
        {
            var value = byAttribute ? ListFilters.Path(item, path, call.Budget) : item;
            return Truth.Of(test is null ? value : test(With(call, next + 1, value))) == wanted;
        }).ToList();
    }

    // These alone look first whether there is anything at all: none is an empty list to them.
    private static IList<object?> Items(CallArguments call) =>
        Truth.Of(call.Positional[0]) ? ListFilters.Items(call) : Array.Empty<object?>();

    /// <summary>The arguments that are left for the inner filter or test, behind its own value.</summary>
    private static CallArguments With(CallArguments call, int skipped, object? value) =>
        new([value, .. call.Positional.Skip(skipped)], call.Named, call.Scope);
}
