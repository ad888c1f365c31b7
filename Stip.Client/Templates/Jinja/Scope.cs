using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja;

/// <summary>The variables of a block, and those around it.</summary>
internal sealed class Scope
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);
    private readonly Scope? _outer;

    public Scope(RenderBudget budget) => Budget = budget;

    private Scope(Scope outer) => (_outer, Budget) = (outer, outer.Budget);

    public RenderBudget Budget { get; }

    public Scope Open() => new(this);

    public void Set(string name, object? value) => _values[name] = value;

    public object? Get(string name)
    {
        for (var scope = this; scope is not null; scope = scope._outer)
        {
            if (scope._values.TryGetValue(name, out var value))
            {
                return value;
            }
        }

        return new Undefined($"'{name}' is undefined");
    }
}
