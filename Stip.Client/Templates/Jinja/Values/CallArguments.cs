namespace Stip.Client.Templates.Jinja.Values;

/// <summary>What stands between the parentheses of a call.</summary>
internal sealed class CallArguments(
    List<object?> positional, Dictionary<string, object?> named, Scope scope)
{
    public List<object?> Positional { get; } = positional;

    public Dictionary<string, object?> Named { get; } = named;

    public Scope Scope { get; } = scope;

    public RenderBudget Budget => Scope.Budget;

    public bool Has(int index, string name) => index < Positional.Count || Named.ContainsKey(name);

    public object? Get(int index, string name, object? fallback = null) =>
        index < Positional.Count ? Positional[index]
        : Named.TryGetValue(name, out var value) ? value
        : fallback;

    public object? Required(int index, string name) => Has(index, name)
        ? Get(index, name)
        : throw new ChatTemplateException($"a call lacks its argument '{name}'");

    public string Text(int index, string name, string? fallback = null) => Get(index, name, fallback) switch
    {
        string text => text,
        Undefined undefined => throw undefined.Error,
        var other => throw new ChatTemplateException(
            $"the argument '{name}' must be a text, not {TypeNames.Of(other)}"),
    };

    public long Integer(int index, string name, long fallback) => Get(index, name, fallback) switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        null => fallback,
        var other => throw new ChatTemplateException(
            $"the argument '{name}' must be an integer, not {TypeNames.Of(other)}"),
    };

    public bool Flag(int index, string name, bool fallback) => Truth.Of(Get(index, name, fallback));

    /// <summary>The places from start to stop, which follow at <paramref name="index"/>, inside of what is that long;
    /// as Python has them, and not in this order where start lies behind the end.</summary>
    public (long Start, long Stop) Window(int index, long length)
    {
        var (start, stop) = (Integer(index, "start", 0), Integer(index + 1, "end", length));
        return (
            Math.Max(0, start < 0 ? start + length : start),
            Math.Clamp(stop < 0 ? stop + length : stop, 0, length));
    }

    /// <summary>Refuses arguments that a method does not have: what they ask for would be left out.</summary>
    /// <param name="method">Its name.</param>
    /// <param name="names">Those that it has.</param>
    public CallArguments Only(string method, params string[] names) => Positional.Count > names.Length
        ? throw new ChatTemplateException($"'{method}' takes {names.Length} arguments, not {Positional.Count}")
        : Named.Keys.FirstOrDefault(name => !names.Contains(name)) is { } other
            ? throw new ChatTemplateException($"'{method}' has no argument '{other}'")
            : this;
}
