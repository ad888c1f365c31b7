using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>The variable loop.</summary>
internal sealed class LoopState(IList<object?> items)
{
    private object? _lastSeen = Undefined.Nothing;

    public int Index { get; set; }

    public object? Attribute(string name) => name switch
    {
        "index" => (long)Index + 1,
        "index0" => (long)Index,
        "revindex" => (long)items.Count - Index,
        "revindex0" => (long)items.Count - Index - 1,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => 1L,
        "depth0" => 0L,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new Undefined("there is no next item"),
        "cycle" => (TemplateFunction)(arguments => arguments.Positional.Count > 0
            ? arguments.Positional[Index % arguments.Positional.Count]
            : throw new ChatTemplateException("loop.cycle needs at least one value")),
        "changed" => (TemplateFunction)(arguments => Changed(arguments)),
        _ => null,
    };

    private bool Changed(CallArguments arguments)
    {
        var seen = arguments.Positional.ToArray();
        var changed = !Comparison.AreEqual(seen, _lastSeen, arguments.Budget);
        _lastSeen = seen;
        return changed;
    }
}
